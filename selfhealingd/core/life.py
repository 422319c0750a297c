"""The states of a program, supervisord's by name, and what is true in each.

``at`` is always when the state was entered.

    STOPPED   not wanted, not begun yet, or waiting for others or for a client
    STARTING  spawned (or being spawned), younger than startsecs or not ready
    RUNNING   up for startsecs, and ready
    BACKOFF   down; the engine will start it again by itself
    STOPPING  told to end, or its leftovers are being cleared away
    EXITED    ended by itself, and nothing automatic starts it again now
    FATAL     down, and its breaker is open for good
"""

from enum import Enum
from typing import TypeAlias

import msgspec


class Stopped(msgspec.Struct, frozen=True, tag="STOPPED"):
    """Not wanted, not begun yet, or waiting for others or for a client."""

    at: float


class Starting(msgspec.Struct, frozen=True, tag="STARTING"):
    """``pid`` is None until the spawn has been answered.

    ``ready``: the sign that it has to give has come. ``until``: it asked for time until
    then. ``lack``: what was seen instead of the sign, in words.
    """

    at: float
    pid: int | None = None
    ready: bool = False
    until: float | None = None
    lack: str | None = None


class Running(msgspec.Struct, frozen=True, tag="RUNNING"):
    """Up for startsecs, and ready where it has to say so.

    ``lack``: why it isn't ready any more, in words, or not yet by all that it is asked.
    """

    at: float
    pid: int
    lack: str | None = None


class Why(Enum):
    """What a program that is down waits for."""

    BACKOFF = "backoff"
    BREAKER = "its breaker"
    MAIN_BREAKER = "the engine's breaker"
    TURN = "its turn"
    BUDGET = "the hourly budget"
    PAUSE = "a pause between runs"
    DEPENDENCY = "what it depends on"
    EVIDENCE = "its evidence"
    ADVICE = "a delay that the model advised"
    RUNBOOK = "a runbook"


class Backoff(msgspec.Struct, frozen=True, tag="BACKOFF"):
    """``until`` is None where it waits for something other than time."""

    at: float
    why: Why
    until: float | None = None


class Purpose(Enum):
    """What follows once a run is over for good."""

    STAY = "stay stopped"
    AGAIN = "start again"
    SETTLE = "decide by how it ended"


class Stopping(msgspec.Struct, frozen=True, tag="STOPPING"):
    """``deadline``: when SIGKILL is due, again and again.

    ``ended``: the program's own process is gone; only its group's leftovers are left.
    ``early``: it ended before it was up. ``problem``: why it was told to end, where
    that is a failed start.
    """

    at: float
    purpose: Purpose
    deadline: float
    pid: int | None = None
    killed: bool = False
    ended: bool = False
    early: bool = False
    problem: str | None = None


class Held(Enum):
    """Why nothing automatic starts an EXITED program again, or heals one that is up."""

    FINISHED = "finished"
    NEVER = "autorestart is never"
    DORMANT = "dormant"
    SWITCHED_OFF = "automation is off"
    LADDER = "its ladder says hold"
    ADVICE = "the model says hold"


class Exited(msgspec.Struct, frozen=True, tag="EXITED"):
    """Ended by itself."""

    at: float
    held: Held


class Fatal(msgspec.Struct, frozen=True, tag="FATAL"):
    """Its breaker is open for good."""

    at: float


Life: TypeAlias = Stopped | Starting | Running | Backoff | Stopping | Exited | Fatal
Alive: TypeAlias = Starting | Running | Stopping
Waiting: TypeAlias = Backoff | Exited | Fatal
"""Down, and not because somebody wants it so."""


def label(life: Life) -> str:
    """The state's name as operators know it."""
    return str(life.__struct_config__.tag)


def alive(life: Life) -> bool:
    """Whether a process of it exists, or is about to."""
    return isinstance(life, Alive)


def pid_of(life: Life) -> int | None:
    """The pid of its process, where there is one."""
    match life:
        case Starting(pid=pid) | Running(pid=pid):
            return pid
        case Stopping(pid=pid, ended=False):
            return pid
        case _:
            return None
