"""A rule as a value."""

import pytest

from selfhealingd.core.rules.grammar import parse, rule
from selfhealingd.core.rules.measures import Scope
from selfhealingd.core.rules.rule import Op


@pytest.mark.parametrize("op", Op)
def test_opposites_share_no_value(op: Op) -> None:
    """What isn't wrong is good: there is nothing in between by default."""
    for value in (1.0, 2.0, 3.0):
        assert op.holds(value, 2.0) is not op.opposite.holds(value, 2.0)


@pytest.mark.parametrize(
    ("when", "until"),
    [
        ("fds > 5", "fds <= 5"),
        ("fds > 5 for 3 of 5 samples", "fds <= 5 for 3 samples"),
        ("fds < 5 for 3 samples", "fds >= 5 for 3 samples"),
        ("cpu > 90% for 1min", "cpu <= 90% for 1min"),
        ("restarts > 5 in 1h", "restarts <= 5 in 1h"),
    ],
)
def test_what_clears_it_by_default(when: str, until: str) -> None:
    """As many good samples in a row as it took bad ones, or as long."""
    which = rule(when, None, Scope.SERVICE)
    assert parse(until, Scope.SERVICE) == which.until


@pytest.mark.parametrize(
    ("when", "secs"),
    [
        ("fds > 5", 5),
        ("fds > 5 for 3 of 5 samples", 25),
        ("fds > 5 for 60s", 65),
        ("restarts > 5 in 1h", 0),
    ],
)
def test_how_long_it_takes_to_see_it_again(when: str, secs: float) -> None:
    """A remedy is verified no sooner than the rule could have seen that it failed."""
    assert secs == rule(when, None, Scope.SERVICE).window_secs(5.0)


def test_its_key_has_its_words() -> None:
    """Status and journal name it as the config could."""
    which = rule("Memory >500MiB  for 3 samples", None, Scope.SERVICE)
    assert "rule memory > 500MiB for 3 samples" == which.key
