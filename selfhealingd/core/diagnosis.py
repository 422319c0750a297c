"""What probably went wrong, as rules or a model say it: a report, and nothing more.

A report is data. What may be done of what it advises is decided elsewhere, and a
service is never named in it: it is about the one whose incident it is.
"""

from enum import Enum
from typing import TypeAlias, assert_never

import msgspec

from selfhealingd.core.remedy import Hold, Run


class Fault(Enum):
    """What it comes down to; the values are what is sent and shown.

    DEFECT: the program itself is at fault, by an exception that nobody caught.
    CRASH: the same, found out by the processor or by its own checks. KILLED: by
    somebody, not for want of memory. START_TIMEOUT: it was not ready in time.
    NO_FAULT: nothing is wrong with it. UNKNOWN: the evidence does not tell.
    """

    OUT_OF_MEMORY = "out of memory"
    PORT_TAKEN = "port taken"
    MISSING_FILE = "missing file"
    BAD_CONFIG = "bad config"
    PERMISSION = "permission denied"
    DISK_FULL = "disk full"
    DEPENDENCY = "dependency down"
    CERTIFICATE = "certificate"
    CRASH = "crash"
    DEFECT = "defect"
    HANG = "hang"
    LEAK = "leak"
    FORK_BOMB = "fork bomb"
    DESCRIPTORS = "out of descriptors"
    KILLED = "killed"
    START_TIMEOUT = "start timeout"
    NO_FAULT = "no fault"
    UNKNOWN = "unknown"


class By(Enum):
    """Whose judgement it is."""

    RULES = "rules"
    MODEL = "model"


class NoAction(msgspec.Struct, frozen=True, tag="no_action"):
    """What is done anyway is right, or nothing need be done."""


class DelayRestart(msgspec.Struct, frozen=True, tag="delay_restart"):
    """Wait before the next restart: what it needs is not there yet."""


class RestartOnce(msgspec.Struct, frozen=True, tag="restart_once"):
    """Restart it, and see."""


Action: TypeAlias = NoAction | Hold | DelayRestart | RestartOnce | Run
"""The whole catalogue. ``Hold``: another restart can't help, a person has to mend it.
``Run``: one of the operator's runbooks."""

PLAIN: dict[str, Action] = {
    "no_action": NoAction(),
    "hold": Hold(),
    "delay_restart": DelayRestart(),
    "restart_once": RestartOnce(),
}
"""Actions that are one word."""


class BadAction(ValueError):
    """The words are not of the catalogue; says what is."""


def parse(words: str, runbooks: frozenset[str] = frozenset()) -> Action:
    """Read ``hold`` or ``run clear-cache``; raises BadAction.

    ``runbooks``: those that there are; another one is not of the catalogue.
    """
    if words in PLAIN:
        return PLAIN[words]
    name = words.removeprefix("run ")
    if name != words and name in runbooks:
        return Run(name)
    known = [*PLAIN, *(f"run {runbook}" for runbook in sorted(runbooks))]
    raise BadAction(f"an action is one of {', '.join(known)}")


def in_words(action: Action) -> str:
    """Say an action as ``parse`` reads it."""
    match action:
        case Run(runbook=name):
            return f"run {name}"
        case NoAction() | Hold() | DelayRestart() | RestartOnce():
            return str(action.__struct_config__.tag)
        case _:
            assert_never(action)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of what is known of an incident, by the number that cites it.

    ``part``: where it is from. ``said``: a program wrote it, so that whoever can make
    the program write may have meant it to mislead.
    """

    number: int
    part: str
    words: str
    said: bool = False


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A diagnosis. ``summary`` says no more than the ``cited`` lines do.

    ``confidence``: from 0 to 1. ``next_commands``: what to type, most useful first.
    ``tokens`` and ``cost``: what it took to ask, where that is known.
    """

    cause: Fault
    summary: str
    confidence: float
    action: Action
    by: By
    cited: tuple[Line, ...] = ()
    next_commands: tuple[str, ...] = ()
    tokens: int | None = None
    cost: float | None = None
