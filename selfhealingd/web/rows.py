"""One metric: its name, what it means, its labels, and how its samples are found."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias, TypeVar

from selfhealingd.core.foreseen import Seen
from selfhealingd.web.figures import Figures
from selfhealingd.wire.documents import (
    HookDocument,
    ProbeDocument,
    ProgramDocument,
    TaskDocument,
)

Samples: TypeAlias = Iterable[tuple[tuple[str, ...], float]]
"""Values of labels, in their order, and of the metric."""

T = TypeVar("T")
Things: TypeAlias = Iterable[tuple[tuple[str, ...], T]]
"""What each is called by the labels, and where its value is to be found."""


class Row(NamedTuple):
    """One metric. A name with ``_total`` is a counter, any other one a gauge."""

    name: str
    help: str
    labels: tuple[str, ...]
    find: Callable[[Figures], Samples]

    @property
    def counts(self) -> bool:
        """Whether it only grows, but for a new beginning."""
        return self.name.endswith("_total")


def single(name: str, words: str, find: Callable[[Figures], float | None]) -> Row:
    """Return a metric without labels."""
    return _of(name, words, (), lambda figures: (((), figures),), find)


def of_service(
    name: str, words: str, find: Callable[[ProgramDocument], float | None]
) -> Row:
    """Return a metric of every program and watch."""

    def all_of(figures: Figures) -> Things[ProgramDocument]:
        return (((one.name,), one) for one in every_service(figures))

    return _of(name, words, ("service",), all_of, find)


def of_probe(
    name: str, words: str, find: Callable[[ProbeDocument], float | None]
) -> Row:
    """Return a metric of each probe of each service."""

    def all_of(figures: Figures) -> Things[ProbeDocument]:
        for one in every_service(figures):
            for probe in one.probes:
                yield (one.name, probe.name), probe

    return _of(name, words, ("service", "probe"), all_of, find)


def of_task(name: str, words: str, find: Callable[[TaskDocument], float | None]) -> Row:
    """Return a metric of every background task."""

    def all_of(figures: Figures) -> Things[TaskDocument]:
        return (((one.id,), one) for one in figures.status.background_tasks.tasks)

    return _of(name, words, ("task",), all_of, find)


def of_hook(name: str, words: str, find: Callable[[HookDocument], float | None]) -> Row:
    """Return a metric of every hook."""

    def all_of(figures: Figures) -> Things[HookDocument]:
        return (((one.name,), one) for one in figures.hooks)

    return _of(name, words, ("hook",), all_of, find)


def of_limit(name: str, words: str, find: Callable[[Seen], float | None]) -> Row:
    """Return a metric of all that has a limit."""

    def all_of(figures: Figures) -> Things[Seen]:
        return (((one.service or "", one.name), one) for one in figures.limits)

    return _of(name, words, ("service", "what"), all_of, find)


def _of(
    name: str,
    words: str,
    labels: tuple[str, ...],
    all_of: Callable[[Figures], Things[T]],
    find: Callable[[T], float | None],
) -> Row:
    """Return a metric of several things: of those that ``find`` finds a value of."""

    def samples(figures: Figures) -> Samples:
        for named, thing in all_of(figures):
            value = find(thing)
            if value is not None:
                yield named, value

    return Row(name, words, labels, samples)


def every_service(figures: Figures) -> tuple[ProgramDocument, ...]:
    """Programs, and then watches."""
    return (*figures.status.programs, *figures.status.watches)
