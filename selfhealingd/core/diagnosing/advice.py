"""What to do about a fault: an action of the catalogue, and commands for a person.

Of the lines that anybody may have written, only what ``names`` finds plain is put into
a command.
"""

import shlex

from selfhealingd.core.diagnosing.clue import Case
from selfhealingd.core.diagnosing.names import (
    peer_in,
    port_in,
    thing_in,
    unresolved_in,
)
from selfhealingd.core.diagnosis import (
    Action,
    DelayRestart,
    Fault,
    Line,
    NoAction,
    RestartOnce,
)
from selfhealingd.core.remedy import Hold

_ACTIONS: dict[Fault, Action] = {
    Fault.OUT_OF_MEMORY: RestartOnce(),
    Fault.PORT_TAKEN: DelayRestart(),
    Fault.MISSING_FILE: Hold(),
    Fault.BAD_CONFIG: Hold(),
    Fault.PERMISSION: Hold(),
    Fault.DISK_FULL: Hold(),
    Fault.DEPENDENCY: DelayRestart(),
    Fault.CERTIFICATE: Hold(),
    Fault.CRASH: RestartOnce(),
    Fault.DEFECT: RestartOnce(),
    Fault.HANG: RestartOnce(),
    Fault.LEAK: RestartOnce(),
    Fault.FORK_BOMB: Hold(),
    Fault.DESCRIPTORS: RestartOnce(),
    Fault.KILLED: NoAction(),
    Fault.START_TIMEOUT: NoAction(),
    Fault.NO_FAULT: NoAction(),
    Fault.UNKNOWN: NoAction(),
}

SURE = 0.5
"""Below it, nothing is advised but what is done anyway."""


def action(fault: Fault, confidence: float, *, early: bool = False) -> Action:
    """Return what is advised. Rules never advise a runbook: they know none."""
    if confidence < SURE:
        return NoAction()
    if fault is Fault.DEFECT and early:
        return Hold()  # it would meet the same again
    return _ACTIONS[fault]


def commands(fault: Fault, case: Case, cited: tuple[Line, ...]) -> tuple[str, ...]:
    """Return what to type next, most useful first; one at least."""
    evidence = f"selfhealctl evidence {shlex.quote(case.incident.id)}"
    tail = f"selfhealctl tail {shlex.quote(case.incident.service)}"
    own: tuple[str, ...] = ()
    match fault:
        case Fault.OUT_OF_MEMORY | Fault.LEAK:
            own = ("ps -eo pid,rss,comm --sort=-rss | head",)
        case Fault.PORT_TAKEN:
            port = port_in(cited)
            own = ("ss -ltnp" if port is None else f"ss -ltnp 'sport = :{port}'",)
        case Fault.DISK_FULL:
            own = ("df -h", "df -i")
        case Fault.PERMISSION | Fault.MISSING_FILE:
            own = _file(thing_in(cited))
        case Fault.DEPENDENCY:
            own = _reach(cited)
        case Fault.DESCRIPTORS if case.found.pid is not None:
            own = (f"ls -l /proc/{case.found.pid}/fd",)
        case Fault.HANG if case.found.pid is not None and _stopped(cited):
            own = (f"kill -CONT {case.found.pid}",)
        case Fault.CRASH:
            own = _core(case)
        case Fault.FORK_BOMB:
            own = (f"selfhealctl stop {shlex.quote(case.incident.service)}",)
        case Fault.START_TIMEOUT | Fault.UNKNOWN:
            own = (tail,)
        case Fault.KILLED:
            own = ("journalctl --since -15min",)
        case _:
            pass
    return own or (evidence,)


def _file(name: str | None) -> tuple[str, ...]:
    if name is None:
        return ()
    return (f"namei -l {name}",) if name.startswith("/") else ()


def _reach(cited: tuple[Line, ...]) -> tuple[str, ...]:
    name = unresolved_in(cited)
    if name is not None:
        return (f"getent hosts {name}",)
    peer = peer_in(cited)
    return () if peer is None else (f"nc -vz {peer[0]} {peer[1]}",)


def _stopped(cited: tuple[Line, ...]) -> bool:
    return any(line.words.startswith("State: T") for line in cited)


def _core(case: Case) -> tuple[str, ...]:
    if case.found.core and "coredumpctl" in case.found.core and case.found.pid:
        return (f"coredumpctl info {case.found.pid}",)
    return ()
