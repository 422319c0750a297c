"""Who depends on whom."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.graph import Condition, ancestors, dependents, find_cycle

READY = Condition.READY


def needs(*names: str) -> dict[str, Condition]:
    return dict.fromkeys(names, READY)


def test_a_circle_is_shown_as_a_path() -> None:
    """From a name over what it depends on, back to the name."""
    graph = {"a": needs("b"), "b": needs("c"), "c": needs("a"), "d": needs("a")}
    cycle = find_cycle(graph)
    assert cycle is not None
    assert cycle[0] == cycle[-1]
    assert {"a", "b", "c"} == set(cycle)
    assert all(later in graph[one] for one, later in itertools.pairwise(cycle))


def test_depending_on_oneself_is_a_circle() -> None:
    """The shortest one."""
    assert ("a", "a") == find_cycle({"a": needs("a")})


@given(st.dictionaries(st.integers(0, 9), st.sets(st.integers(0, 9)), max_size=10))
def test_what_depends_on_earlier_names_alone_has_no_circle(
    drawn: dict[int, set[int]],
) -> None:
    """However many edges there are."""
    graph = {
        str(name): needs(*(str(need) for need in others if need < name))
        for name, others in drawn.items()
    }
    assert find_cycle(graph) is None


def test_ancestors_are_found_once_however_far() -> None:
    """Over two ways as well."""
    graph = {"web": needs("api", "cache"), "api": needs("db"), "cache": needs("db")}
    assert ["api", "cache", "db"] == sorted(ancestors(graph, "web"))
    assert [] == list(ancestors(graph, "db"))


def test_dependents_are_direct_ones() -> None:
    """And nobody's are left out of the map."""
    graph = {"web": needs("api"), "api": needs("db"), "job": needs("db")}
    assert {"api": ("web",), "db": ("api", "job")} == dependents(graph)
