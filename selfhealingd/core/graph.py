"""Who depends on whom: cycles, what holds a start back, what must stop first.

A graph maps each name to what it depends on, and how far that has to be.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias


class Condition(Enum):
    """How far a dependency has to be before its dependent may start."""

    STARTED = "started"
    READY = "ready"
    HEALTHY = "healthy"
    COMPLETED = "completed"


Needs: TypeAlias = Mapping[str, Condition]
Graph: TypeAlias = Mapping[str, Needs]


def find_cycle(graph: Graph) -> tuple[str, ...] | None:
    """A path that ends where it began, such as (a, b, a); None when there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        # The sorter gives each name before those that depend on it.
        return tuple(reversed(error.args[1]))
    return None


def ancestors(graph: Graph, name: str) -> Iterator[str]:
    """Everything that a name depends on, however far away, each once."""
    seen = {name}
    waiting = list(graph.get(name, {}))
    while waiting:
        found = waiting.pop()
        if found not in seen:
            seen.add(found)
            yield found
            waiting += graph.get(found, {})


def dependents(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Who depends directly on each name; names that nobody needs are left out."""
    found: dict[str, list[str]] = {}
    for name, needs in graph.items():
        for need in needs:
            found.setdefault(need, []).append(name)
    return {name: tuple(names) for name, names in found.items()}
