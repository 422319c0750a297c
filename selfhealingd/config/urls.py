"""One written value of an HTTP probe in, one typed value out; see ``values``."""

import re

import msgspec

from selfhealingd.config.environment import text_or_file
from selfhealingd.config.mistakes import Spot, show
from selfhealingd.config.table import Wrong, as_table
from selfhealingd.config.values import Expected, integer

_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9_.-]+))"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>[/?][!-~]*)?"
)
_LAST_PORT = 65535
_METHOD = re.compile(r"[A-Z]{1,20}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # a token of RFC 9110
_VALUE = re.compile(r"(?:[!-~](?:[ \t!-~]*[!-~])?)?")
_RANGE = re.compile(r"([1-5][0-9]{2})-([1-5][0-9]{2})")
_status = integer(100, 599)


class Url(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request goes. ``target``: path and query."""

    tls: bool
    host: str
    port: int
    target: str


def url(value: object) -> Url:
    """Return a URL's parts; a fragment, a user or a password has no place in one."""
    found = _URL.fullmatch(value) if isinstance(value, str) else None
    if found is None or "#" in found[0]:
        raise Expected('a URL such as "http://127.0.0.1:8000/health"')
    tls = found["scheme"] == "https"
    port = int(found["port"] or (443 if tls else 80))
    if not 0 < port <= _LAST_PORT:
        raise Expected("a URL with a port from 1 to 65535")
    target = found["target"] or "/"
    if target.startswith("?"):
        target = f"/{target}"
    host = found["six"] or found["host"]
    return Url(tls=tls, host=host, port=port, target=target)


def endpoint(value: object) -> str:
    """Return a URL that keys may be sent to: https, or http on this host alone."""
    found = url(value)
    if not found.tls and found.host not in {"127.0.0.1", "localhost", "::1"}:
        raise Expected("a URL with https, as keys are sent to it")
    return str(value).rstrip("/")


def method(value: object) -> str:
    """Return a method of HTTP."""
    if isinstance(value, str) and _METHOD.fullmatch(value):
        return value
    raise Expected('a method such as "GET" or "HEAD"')


def statuses(value: object) -> tuple[tuple[int, int], ...]:
    """Return ranges of status codes, from ``200``, ``"200-299"``, or a list of them."""
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise Expected("at least one status")
    return tuple(_statuses(one) for one in listed)


def _statuses(value: object) -> tuple[int, int]:
    found = _RANGE.fullmatch(value) if isinstance(value, str) else None
    if found is not None and found[1] <= found[2]:
        return int(found[1]), int(found[2])
    try:
        status = _status(value)
    except Expected:
        raise Expected('a status such as 200, "200-299" or [200, 404]') from None
    return status, status


def headers(raw: object, spot: Spot) -> tuple[tuple[str, str], ...]:
    """Read a table of headers, some from files; what is not one of HTTP is noted."""
    found = []
    for name, value in (as_table(raw, spot) or {}).items():
        if not _HEADER.fullmatch(name):
            spot.at(name).wrong("not the name of a header")
            continue
        try:
            read = text_or_file(value, spot.at(name)).rstrip("\r\n")
        except Wrong:
            continue  # it has been noted; the others may be wrong as well
        if not _VALUE.fullmatch(read):
            # What a variable holds may be a secret.
            spot.at(name).wrong(
                f"not the value of a header: {show(value)}",
                "use printable ASCII, without a space at either end",
            )
            continue
        found.append((name, read))
    return tuple(found)
