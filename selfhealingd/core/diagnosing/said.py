"""What the program's own lines point at.

Anybody whose text ends up in a log can write there: so a line counts less where it is
a request or small talk, and never as much as what the daemon and the kernel saw.
"""

import re
from collections.abc import Iterator

from selfhealingd.core.diagnosing.clue import Case, Clue
from selfhealingd.core.diagnosing.sayings import Saying, sayings
from selfhealingd.core.diagnosis import Fault, Line

CITED = 3
"""Lines that say the same."""

NEAR = 12
"""What ended a program is among its last words, frames of a stack not counted."""

_REQUEST = r"^(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) |HTTP/[\d.]+\" \d{3}\b"
_TALK = r"^.{0,60}\b(?:INFO|DEBUG|TRACE|NOTICE)\b|level\"?[=:]\"?(?:info|debug|trace)\b"
_TALK_LOW = r"^.{0,40}\[(?:info|debug|notice|trace)\]"
_DOUBT = r"^.{0,60}\bWARN(?:ING)?\b|\[warn(?:ing)?\]|level\"?[=:]\"?warn"
_SURVIVED = (
    r"\bretry|\busing defaults?\b|\bignor(?:ed|ing)\b|falling back|\bskipp(?:ed|ing)\b"
)
_ITS_OWN_WAY = frozenset({Fault.OUT_OF_MEMORY, Fault.CRASH, Fault.KILLED})
"""What a signal's end does not speak against."""


def said(case: Case) -> Iterator[Clue]:
    """Yield a clue for each kind of thing that is said."""
    lines = [line for line in case.lines if line.said and line.words.strip()]
    ages = _ages(lines)
    for saying in sayings():
        found = [
            (_weight(case, saying, line) * _recent(case, age), line)
            for line, age in zip(lines, ages, strict=True)
            if saying.pattern.search(line.words)
        ]
        if found:
            best = max(weight for weight, _ in found)
            # The last ones of those that say it as plainly.
            cited = [line for weight, line in found if weight >= best / 2][-CITED:]
            yield Clue(
                fault=saying.fault,
                weight=min(best + 0.01 * (len(cited) - 1), 0.95),
                words=saying.words,
                lines=tuple(cited),
            )


def _ages(lines: list[Line]) -> list[int]:
    """How many lines of the same log came after each, frames not counted."""
    after: dict[str, int] = {}
    ages = []
    for line in reversed(lines):
        ages.append(after.get(line.part, 0))
        if not line.words.startswith((" ", "\t")):
            after[line.part] = after.get(line.part, 0) + 1
    return ages[::-1]


def _recent(case: Case, age: int) -> float:
    if age <= NEAR:
        return 1.0
    # What still runs may have said it long ago, and may suffer from it still.
    return 0.8 if case.found.alive else 0.6


def _weight(case: Case, saying: Saying, line: Line) -> float:
    weight = saying.weight * _credit(line.words)
    if case.signal is not None and saying.fault not in _ITS_OWN_WAY:
        aborted = case.signal == "SIGABRT"
        weight *= 0.8 if aborted else 0.4
    if case.code == 0 and saying.fault is not Fault.KILLED:
        weight *= 0.35
    if case.found.alive and saying.fault is Fault.DEFECT:
        weight *= 0.7
    if saying.at_start and not case.early:
        weight *= 0.75
    return weight


def _credit(words: str) -> float:
    """How far a line is to be taken for what it says."""
    if re.search(_REQUEST, words):
        return 0.2
    credit = 1.0
    if re.search(_TALK, words) or re.search(_TALK_LOW, words):
        credit = 0.3
    elif re.search(_DOUBT, words):
        credit = 0.65
    return credit * 0.75 if re.search(_SURVIVED, words, re.IGNORECASE) else credit
