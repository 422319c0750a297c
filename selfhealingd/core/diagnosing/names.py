"""What a line is about: the port, the peer or the file that it names.

The lines may be anybody's, so only what is plainly a number, a host's name or a path is
taken out of them: it is put into commands that a person types.
"""

import re
from collections.abc import Iterable

from selfhealingd.core.diagnosis import Line

MOST_PORT = 65535
MOST_NAME = 100
"""Characters."""

_TIME = r"(?<![\d.:\]])\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?"
_PORTS = (
    r"(?i)\bport\(?s?\)?[ =:]+(\d{1,5})\b",
    r"(?:[\w.*\]\s]|::):(\d{2,5})\b(?!:\d|\.\d|\d)",
)
_NOT_RESOLVED = (
    r"lookup ([\w.-]+)",
    r"(?:ENOTFOUND|EAI_AGAIN) ([\w.-]+)",
    r"resolve '?\"?(?:host:? )?'?\"?([\w.-]+)",
    r"UnknownHostException: ([\w.-]+)",
    r"([a-z][\w.-]*):\d+: \[Errno -[23]\]",
)
_SERVER = r'server at "([\w.-]+)"[^,]{0,80}, port (\d+)'
_PEER = (
    r"(?i)\b([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*|\d+(?:\.\d+){3}):(\d{2,5})\b(?!:\d|[.\d])"
)
_SOURCE = r"(?i)\.(?:c|cc|cpp|go|java|js|mjs|php|pl|py|rb|rs|ts)$"

_PATH = r"/[\w.@+-]+(?:/[\w.@+-]+)*"
_SAFE = r"[\w./@+-]+"
_THINGS = (
    r"cannot start '([^']+)'",
    r"No module named '?([\w.]+)",
    r"Cannot find module '([^']+)'",
    r"shared libraries: (\S+?):",
    r"cannot load such file -- (\S+)",
    r"jarfile (\S+)",
    r"\((/[^)]+)\): Failed to open",
    r"([\w./+-]+): (?:command )?not found",
    r".*'(/[^']*)'",
    r'.*"(/[^"]*)"',
    r"(/\S+?):? (?:\(\w+: )?(?i:no such|permission denied|not found)",
    rf".*(?<![\w/])({_PATH})",
)


def port_in(lines: Iterable[Line]) -> int | None:
    """Return the port that the lines name: said to be one, or after an address."""
    plain = [re.sub(_TIME, " ", line.words) for line in lines]
    for pattern in _PORTS:
        for words in plain:
            for found in re.finditer(pattern, words):
                if 0 < int(found[1]) <= MOST_PORT:
                    return int(found[1])
    return None


def peer_in(lines: Iterable[Line]) -> tuple[str, int] | None:
    """Return host and port of what was to be reached, if a line names both."""
    for line in lines:
        words = re.sub(_TIME, " ", line.words)
        words = words.partition("upstream: ")[2] or words
        pairs = re.findall(_SERVER, words) + re.findall(_PEER, words)
        for host, port in pairs:
            if 0 < int(port) <= MOST_PORT and not re.search(_SOURCE, host):
                return host, int(port)
    return None


def unresolved_in(lines: Iterable[Line]) -> str | None:
    """Return the name of a host that was not found, if a line names it."""
    for line in lines:
        for pattern in _NOT_RESOLVED:
            found = re.search(pattern, line.words)
            if found is not None:
                return found[1].rstrip(".")[:MOST_NAME]
    return None


def thing_in(lines: Iterable[Line]) -> str | None:
    """Return the file, module or command that a line names, if its name is plain."""
    for line in lines:
        for pattern in _THINGS:
            found = re.search(pattern, line.words)
            if found is not None:
                name = found[1]
                plain = re.fullmatch(_SAFE, name) and not name.startswith("-")
                return name if plain and len(name) <= MOST_NAME else None
    return None
