"""``[socket.NAME]``: addresses read, owners looked up, two at one address refused."""

import os
import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path

import msgspec

from selfhealingd.config.accounts import Unknown, group, user
from selfhealingd.config.mistakes import Spot, likely, show
from selfhealingd.config.named import Named
from selfhealingd.config.schema import ProgramTable, SocketTable
from selfhealingd.config.table import read_table
from selfhealingd.core.launch import Launch
from selfhealingd.core.listening import (
    BACKLOG,
    Address,
    Inet,
    Listening,
    SocketAs,
    Unix,
)

# sun_path has 108 bytes, the last of which is a NUL.
_LONGEST_PATH = 107
_LAST_PORT = 65535
_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^:/]*):(?P<port>\d{1,5})")
_HINTS = {
    "localhost": 'write "127.0.0.1:{port}" or "[::1]:{port}"',
    "*": 'write "[::]:{port}" for every address, "0.0.0.0:{port}" for those of IPv4',
}
_HINTS[""] = _HINTS["*"]


def read_sockets(
    tables: Iterable[Named],
) -> dict[str, Listening | None]:
    """Return what each ``[socket.NAME]`` listens on, None where that is wrong."""
    found: dict[str, Listening | None] = {}
    for one in tables:
        listening = _read(one.name, one.raw, one.spot)
        if one.again:
            continue
        for other in found.values():
            if listening and other and listening.clashes(other):
                one.spot.at("listen").wrong(
                    f"{listening.address} and [socket.{other.name}] listen on the same",
                    "leave one of the two out; several programs can share a socket",
                )
        found[one.name] = listening
    return found


def hand_down(
    table: ProgramTable,
    launch: Launch,
    spot: Spot,
    known: Mapping[str, Listening | None],
) -> Launch:
    """Return the launch with the sockets that the program's table names.

    ``known`` has None for a socket that is there, and wrong.
    """
    sockets = []
    for name in dict.fromkeys(table.sockets):
        if name not in known:
            spot.at("sockets").wrong(f'no such socket: "{name}"', likely(name, known))
        elif (socket := known[name]) is not None:
            sockets.append(socket)
    if table.socket_as is SocketAs.STDIN and len(table.sockets) != 1:
        spot.at("socket_as").wrong(
            f"only one socket can be stdin, and sockets names {len(table.sockets)}"
        )
    if table.autostart == "on-connection" and not table.sockets:
        spot.at("autostart").wrong(
            '"on-connection" without a socket to connect to',
            'name one: sockets = ["…"], and make it: [socket.…]',
        )
    return msgspec.structs.replace(
        launch, sockets=tuple(sockets), socket_as=table.socket_as
    )


def _read(name: str, raw: object, spot: Spot) -> Listening | None:
    table, wrong = read_table(SocketTable, raw, spot)
    if table is None or "listen" in wrong:
        return None
    address = _address(table.listen, spot.at("listen"))
    datagram = table.type == "datagram"
    if datagram and table.backlog is not None:
        spot.at("backlog").wrong("a datagram socket has none", "leave it out")
    if isinstance(address, Unix) and table.reuse_port:
        spot.at("reuse_port").wrong("a unix socket has no port", "leave it out")
    if isinstance(address, Inet):
        for key in ("mode", "user", "group"):
            if getattr(table, key) is not None:
                spot.at(key).wrong("only a unix socket has one", "leave it out")
    uid, gid = _owner(table, spot)
    if address is None:
        return None
    return Listening(
        name=name,
        address=address,
        datagram=datagram,
        backlog=BACKLOG if table.backlog is None else table.backlog,
        mode=0o660 if table.mode is None else table.mode,
        uid=uid,
        gid=gid,
        reuse_port=table.reuse_port,
    )


def _address(written: str, spot: Spot) -> Address | None:
    if written.startswith("unix:") or "/" in written:
        return _path(written.removeprefix("unix:"), spot)
    found = _PORT.fullmatch(written)
    if found is None:
        spot.wrong(
            f'expected an address such as "127.0.0.1:8000", "[::1]:8000" or'
            f' "unix:/run/web.sock", got {show(written)}'
        )
        return None
    port = int(found["port"])
    if not 0 < port <= _LAST_PORT:
        spot.wrong(f"{port} is no port", f"ports go from 1 to {_LAST_PORT}")
        return None
    return _inet(found["host"], port, spot)


def _inet(host: str, port: int, spot: Spot) -> Inet | None:
    bare = host.removeprefix("[").removesuffix("]")
    try:
        found = ip_address(bare)
    except ValueError:
        hint = _HINTS.get(bare, "a name could mean another address any day")
        spot.wrong(f"{show(host)} is not an IP address", hint.format(port=port))
        return None
    if (host != bare) is not (found.version == 6):  # noqa: PLR2004 - IPv6
        shown = f"[{bare}]:{port}" if host == bare else f"{bare}:{port}"
        spot.wrong("brackets are for IPv6, and for IPv6 only", f'write "{shown}"')
        return None
    return Inet(str(found), port)


def _path(written: str, spot: Spot) -> Unix | None:
    path = Path(os.path.normpath(spot.folder / written))
    size = len(os.fsencode(path))
    if not written or written.startswith("~"):
        spot.wrong("expected a path after unix:, without ~", 'write "${HOME}/…"')
        return None
    if size > _LONGEST_PATH:
        spot.wrong(
            f"{path} has {size} bytes, and a socket's path at most {_LONGEST_PATH}",
            "choose a shorter one",
        )
        return None
    return Unix(path)


def _owner(table: SocketTable, spot: Spot) -> tuple[int, int]:
    """Return uid and gid; a user without a group brings his own."""
    uid = gid = -1
    try:
        if table.user is not None:
            account = user(table.user)
            uid, gid = account.pw_uid, account.pw_gid
    except Unknown as error:
        spot.at("user").wrong(f'"{table.user}": {error}')
    try:
        if table.group is not None:
            gid = group(table.group)
    except Unknown as error:
        spot.at("group").wrong(f'"{table.group}": {error}')
    return uid, gid
