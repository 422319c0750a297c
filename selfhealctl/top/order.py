"""Which services are shown, and in what order: what is unwell first."""

from collections.abc import Iterable, Mapping
from enum import Enum

from selfhealingd.wire.documents import ProgramDocument

RUNNING = "RUNNING"
_BY_STATE = {
    "FATAL": 0,
    "BACKOFF": 2,
    "STOPPING": 3,
    "STARTING": 4,
}
_UNWELL, _ENDED, _WELL, _DOWN = 1, 5, 6, 7


class Sort(Enum):
    """What comes first: the name in the head of its column."""

    WORST = "STATE"
    CPU = "CPU"
    MEMORY = "MEMORY"
    YOUNGEST = "SINCE"
    NAME = "NAME"

    def following(self) -> "Sort":
        """The next one, round and round."""
        every = list(Sort)
        return every[(every.index(self) + 1) % len(every)]


def unwell(item: ProgramDocument) -> bool:
    """Whether it is up and something is wrong with it."""
    return bool(
        item.incident is not None
        or item.symptoms
        or item.not_ready
        or any(probe.failing for probe in item.probes)
    )


def rank(item: ProgramDocument) -> int:
    """Return how urgent it is: 0 is worst."""
    if item.state in _BY_STATE:
        return _BY_STATE[item.state]
    if unwell(item):
        return _UNWELL
    if item.state == RUNNING:
        return _WELL
    return _ENDED if item.wanted else _DOWN


def ordered(
    items: Iterable[ProgramDocument], *, sort: Sort, words: str
) -> tuple[ProgramDocument, ...]:
    """Return those in whose name, group or state all the words are."""
    wanted = words.casefold().split()
    shown = [item for item in items if _matches(item, wanted)]
    match sort:
        case Sort.WORST:
            shown.sort(key=lambda item: (rank(item), _natural(item.name)))
        case Sort.CPU:
            shown.sort(key=lambda item: -(item.cpu or 0.0))
        case Sort.MEMORY:
            shown.sort(key=lambda item: -(item.memory or 0))
        case Sort.YOUNGEST:
            shown.sort(key=lambda item: item.since, reverse=True)
        case Sort.NAME:
            shown.sort(key=lambda item: _natural(item.name))
    return tuple(shown)


def counts(items: Iterable[ProgramDocument]) -> Mapping[str, int]:
    """Return how many there are in each state."""
    found: dict[str, int] = {}
    for item in items:
        found[item.state] = found.get(item.state, 0) + 1
    return found


def _matches(item: ProgramDocument, wanted: list[str]) -> bool:
    text = f"{item.name} {item.group or ''} {item.state}".casefold()
    return all(word in text for word in wanted)


def _natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key by which worker-9 comes before worker-10."""
    parts: list[tuple[int, int, str]] = []
    word = ""
    for char in [*name, ""]:
        if word and (not char or char.isdecimal() != word[-1].isdecimal()):
            number = word.isdecimal()
            parts.append((0, int(word), "") if number else (1, 0, word))
            word = ""
        word += char
    return tuple(parts)
