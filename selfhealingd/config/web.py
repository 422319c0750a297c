"""``[web]``: what is looked at by HTTP, and how that is kept from strangers."""

import re
from collections.abc import Callable
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path

from selfhealingd.config.mistakes import Spot
from selfhealingd.config.schema import WebTable
from selfhealingd.config.table import read_table
from selfhealingd.core.web import Web

NEEDED = ("hypercorn", "starlette", "prometheus_client")
LOCALHOST = "127.0.0.1"

_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_EXTRA = "pip install 'selfhealingd[web]'"


def read_web(
    raw: object, spot: Spot, there: Callable[[str], object] = find_spec
) -> Web | None:
    """Return the listener's settings; None if there is no such table.

    ``there``: whether a package is installed, without loading it.
    """
    if raw is None:
        return None
    table, wrong = read_table(WebTable, raw, spot)
    if table is None:
        return None
    missing = [name for name in NEEDED if there(name) is None]
    if missing:
        spot.wrong(f"it needs {', '.join(missing)}, not installed here", _EXTRA)
    host = _host(table.listen[0], spot.at("listen"))
    found = Web(
        host=host,
        port=table.listen[1],
        certfile=_path(table.certfile, spot),
        keyfile=_path(table.keyfile, spot),
        token_file=_path(table.token_file, spot),
        reading=not ip_address(host).is_loopback
        if table.token_to_read is None
        else table.token_to_read,
        hosts=tuple(name.lower() for name in table.hosts or ()),
    )
    if not wrong & {"certfile", "keyfile"}:
        _check_tls(table, spot)
    for index, name in enumerate(table.hosts or ()):
        if not _NAME.fullmatch(name):
            words = f'"{name}" is no name of a host'
            spot.at("hosts").item(index).wrong(words, "leave out the port")
    if not wrong:
        _check_exposed(table, found, spot)
    return found


def _host(written: str, spot: Spot) -> str:
    if written.lower() == "localhost":
        return LOCALHOST
    try:
        return str(ip_address(written))
    except ValueError:
        spot.wrong(
            f'"{written}" is no address',
            'it listens on an address, such as "127.0.0.1:3001" or "[::]:3001"',
        )
    return LOCALHOST


def _path(written: str | None, spot: Spot) -> Path | None:
    return None if written is None else spot.folder / written


def _check_tls(table: WebTable, spot: Spot) -> None:
    if (table.certfile is None) is not (table.keyfile is None):
        missing = "keyfile" if table.keyfile is None else "certfile"
        spot.at(missing).wrong("missing", "TLS takes both, certfile and keyfile")


def _check_exposed(table: WebTable, web: Web, spot: Spot) -> None:
    """Note what would let strangers read, or read along."""
    if web.loopback or table.insecure:
        return
    if not web.reading:
        spot.at("token_to_read").wrong(
            f"{web.host} can be reached from other hosts, and whoever does could look",
            "leave it out; if you know better: insecure = true",
        )
    if not web.secure:
        spot.at("listen").wrong(
            f"{web.host} can be reached from other hosts, and without TLS whoever is"
            " on the way reads along, the token too",
            "set certfile and keyfile, or listen on 127.0.0.1;"
            " if you know better: insecure = true",
        )
