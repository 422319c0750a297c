"""What the daemon and the kernel saw of an end or a start: no program can forge it."""

import re
from collections.abc import Iterator

from selfhealingd.core.diagnosing.clue import Case, Clue, first
from selfhealingd.core.diagnosis import Fault, Line

_CRASHES = {"SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGSYS", "SIGTRAP"}

_STARTS = (
    (Fault.PORT_TAKEN, r"listens there already"),
    (Fault.PERMISSION, r"not executable|may not|\bnoexec\b|permission|switch to user"),
    (Fault.MISSING_FILE, r"not found|not exist|bad interpreter|directory$|no socket;"),
    (Fault.BAD_CONFIG, r"has no address"),
)
"""What the daemon says where it can't start a program, or open its socket.

Its words, of supervise/explain.py and sockets/opening.py, are for people already."""

_STATUSES = {
    126: (Fault.PERMISSION, 0.5, "a shell exits with 126 if it can't execute"),
    127: (Fault.MISSING_FILE, 0.5, "a shell exits with 127 if it finds no command"),
    134: (Fault.CRASH, 0.5, "134 is a shell's word for a child's SIGABRT"),
    137: (Fault.KILLED, 0.45, "137 is a shell's word for a child's SIGKILL"),
    139: (Fault.CRASH, 0.6, "139 is a shell's word for a child's SIGSEGV"),
    143: (Fault.KILLED, 0.5, "143 is a shell's word for a child's SIGTERM"),
    78: (Fault.BAD_CONFIG, 0.45, "78 is EX_CONFIG, for an error of config"),
}
"""128 + N is a shell's for signal N, see bash(1); 78 is from sysexits(3)."""


def seen(case: Case) -> Iterator[Clue]:
    """Yield what the end, the start and the kernel's log point at."""
    yield from _memory(case)
    yield from _start(case)
    yield from _certificate(case)
    if case.signal is not None:
        yield _killed(case, case.signal)
    elif case.code == 0:
        yield _clue(Fault.NO_FAULT, 0.6, "it ended well, with status 0", case.outcome)
    elif case.code in _STATUSES:
        fault, weight, words = _STATUSES[case.code]
        yield _clue(fault, weight, words, case.outcome)


def _memory(case: Case) -> Iterator[Clue]:
    for line in case.of("memory"):
        kernel = first(case.of("kernel"), r"(?i)out of memory")
        if line.words.startswith("shortly before"):
            weight = 0.86
        elif "pid" in line.words:
            weight = 0.98
        else:
            weight = 0.7
        yield _clue(Fault.OUT_OF_MEMORY, weight, line.words, line, *kernel)


def _start(case: Case) -> Iterator[Clue]:
    words = case.outcome.words
    if "cannot start " in words or "cannot open " in words:
        for fault, pattern in _STARTS:
            if re.search(pattern, words):
                yield _clue(fault, 0.95, words, case.outcome)
                return
    if "not ready within" in words:
        why = "it ran, but was not ready in the time that it is given"
        yield _clue(Fault.START_TIMEOUT, 0.55, why, case.outcome)


def _certificate(case: Case) -> Iterator[Clue]:
    line = case.lines[0]
    if re.search(r"\bcertificate\b.*\bexpire", line.words):
        yield _clue(Fault.CERTIFICATE, 0.95, "a certificate is over, or soon", line)


def _killed(case: Case, signal: str) -> Clue:
    if signal in _CRASHES:
        kernel = first(case.of("kernel"), r"segfault|traps:|general protection")
        core = case.of("core")
        words = f"it crashed by {signal}: a defect of it, or of a library that it loads"
        return _clue(Fault.CRASH, 0.92, words, case.outcome, *kernel, *core)
    if signal == "SIGABRT":
        words = "it ended itself by SIGABRT, as one of its own checks failed"
        return _clue(Fault.CRASH, 0.7, words, case.outcome, *case.of("core"))
    if signal == "SIGKILL" and "kernel" in case.found.missing:
        words = (
            "it got SIGKILL; by whom can't be known, as the kernel's log can't be read"
        )
        return _clue(Fault.KILLED, 0.5, words, case.outcome)
    words = f"it got {signal}, and not from the daemon"
    if signal == "SIGKILL":
        words += "; there is no sign that memory was short"
    return _clue(Fault.KILLED, 0.75, words, case.outcome)


def _clue(fault: Fault, weight: float, words: str, *lines: Line) -> Clue:
    return Clue(fault=fault, weight=weight, words=words, lines=lines)
