"""One message of the protocol of sd_notify(3). Pure.

Variables that are not read here mean nothing to us: ``MAINPID`` among them, as no
program may name another process as the one that we watch.
"""

from dataclasses import dataclass

LONGEST_MORE = 3600.0
"""Seconds that one message can ask for; who needs longer has to say so again."""

LONGEST_STATUS = 300
"""Characters of a status that are kept: it is shown in a table."""

_MICROSECONDS = 1e6
_DIGITS = 15  # of a number of microseconds: decades


@dataclass(frozen=True, slots=True)
class Notice:
    """What a program said. ``more``: seconds that it needs from now.

    ``doing`` is "reloading" or "stopping"; ``status`` is its own words, "" to take back
    what it said before, and None where it said nothing of it. ``alive``: it sent a
    heartbeat; ``failed``: it wants to be taken for one that sends none any more.
    """

    ready: bool = False
    doing: str | None = None
    status: str | None = None
    more: float | None = None
    alive: bool = False
    failed: bool = False


def parse(message: bytes) -> Notice:
    """Return what a message says; what can't be read in it says nothing."""
    said: dict[str, str] = {}
    for line in message.decode("utf-8", "replace").split("\n"):
        name, found, value = line.partition("=")
        if found:
            said.setdefault(name, value)
    return Notice(
        ready=said.get("READY") == "1",
        doing=_doing(said),
        status=_status(said.get("STATUS")),
        more=_seconds(said.get("EXTEND_TIMEOUT_USEC", "")),
        alive=said.get("WATCHDOG") == "1",
        failed=said.get("WATCHDOG") == "trigger",
    )


def _doing(said: dict[str, str]) -> str | None:
    if said.get("STOPPING") == "1":
        return "stopping"
    return "reloading" if said.get("RELOADING") == "1" else None


def _status(text: str | None) -> str | None:
    return None if text is None else " ".join(text.split())[:LONGEST_STATUS]


def _seconds(text: str) -> float | None:
    if not (text.isascii() and text.isdecimal()) or len(text) > _DIGITS:
        return None
    return min(int(text) / _MICROSECONDS, LONGEST_MORE)
