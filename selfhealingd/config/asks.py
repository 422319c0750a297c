"""The keys that say what a service is asked, whichever table they stand in."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from selfhealingd.config.mistakes import Spot
from selfhealingd.config.schema import AskTable
from selfhealingd.config.socketpath import check_socket_path
from selfhealingd.core.ask import Ask, Connect, Exec, Http, Tls
from selfhealingd.core.readiness import Tcp, Unix

ASKS = ("http", "tcp", "unix", "exec")
"""Keys of which each says what is asked."""

_TALK = frozenset({"send", "expect"})
_TLS = frozenset({"verify", "ca_file", "server_name"})
_ONLY_WITH: Mapping[str, frozenset[str]] = {
    "http": frozenset({"socket", "method", "headers", "status", "body"}) | _TLS,
    "tcp": _TALK | _TLS | {"tls"},
    "unix": _TALK,
    "exec": frozenset(),
}
"""What else may be said with each."""


def kinds(table: msgspec.Struct, known: Iterable[str]) -> list[str]:
    """Return which of these keys are written."""
    return [key for key in known if getattr(table, key)]


def one_kind(
    table: msgspec.Struct, known: tuple[str, ...], spot: Spot, what: str
) -> str | None:
    """Return the one of these keys that is written; notes it if that isn't so."""
    written = kinds(table, known)
    if len(written) == 1:
        return written[0]
    if written:
        spot.wrong(f"more than one {what}: {', '.join(written)}", "leave one of them")
    else:
        spot.wrong(f"no {what}", f"set one of {', '.join(known)}")
    return None


def check_company(table: AskTable, kind: str, spot: Spot) -> None:
    """Note every key that says nothing beside that kind."""
    usual = type(table)()
    fits = _ONLY_WITH.get(kind, frozenset())
    for key in sorted(frozenset[str]().union(*_ONLY_WITH.values()) - fits):
        if getattr(table, key) != getattr(usual, key):
            with_it = [one for one, keys in _ONLY_WITH.items() if key in keys]
            spot.at(key).wrong(f"only with {' or '.join(with_it)}", "leave it out")


def ask_of(table: AskTable, kind: str, spot: Spot) -> Ask | None:
    """Return what is asked, by the key that says so; None where that is no ask."""
    match kind:
        case "http" if table.http is not None:
            return _http(table, spot)
        case "tcp" if table.tcp is not None:
            return Connect(
                place=Tcp(*table.tcp),
                tls=_tls(table, spot, speaks=table.tls),
                send=table.send,
                expect=table.expect,
            )
        case "unix" if table.unix is not None:
            return Connect(
                place=Unix(_socket(table.unix, spot.at("unix"))),
                send=table.send,
                expect=table.expect,
            )
        case "exec":
            return Exec(_argv(table.exec, spot.folder))
        case _:
            return None


def _http(table: AskTable, spot: Spot) -> Ask | None:
    url = table.http
    if url is None:
        return None
    socket = None
    if table.socket is not None:
        socket = _socket(table.socket, spot.at("socket"))
    return Http(
        host=url.host,
        port=url.port,
        target=url.target,
        tls=_tls(table, spot, speaks=url.tls),
        socket=socket,
        method=table.method,
        headers=table.headers,
        statuses=table.status,
        body=table.body,
    )


def _tls(table: AskTable, spot: Spot, *, speaks: bool) -> Tls | None:
    if not speaks:
        for key in sorted(_TLS):
            if getattr(table, key):
                spot.at(key).wrong("only where TLS is spoken", 'use "https", or tls')
        return None
    file = table.ca_file
    return Tls(
        verify=table.verify or file is not None,
        authorities=None if file is None else str(spot.folder / file),
        name=table.server_name,
    )


def _socket(written: str, spot: Spot) -> str:
    path = spot.folder / written
    check_socket_path(path, spot)
    return str(path)


def _argv(command: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    if not command or "/" not in command[0]:
        return command
    return (str(folder / command[0]), *command[1:])
