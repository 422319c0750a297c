"""How long healing waits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.backoff import MAX_SPREAD, delay, spread
from selfhealingd.core.policy import Healing


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        (0, 5),
        (1, 10),
        (2, 20),
        (3, 40),
        (4, 80),
        (5, 160),
        (6, 320),
        (7, 600),
        (10, 600),
        (10_000, 600),
    ],
)
def test_each_failure_doubles_the_wait_up_to_ten_minutes(
    failures: int, seconds: float
) -> None:
    """5 s, doubled by each failure in a row: 320 s after six, never above 600 s."""
    assert seconds == delay(Healing(), failures)


def test_the_operators_numbers_are_used() -> None:
    """The first wait and the cap are the operator's to say."""
    healing = Healing(backoff_initial=0.5, backoff_max=3.0)
    assert [0.5, 1.0, 2.0, 3.0] == [delay(healing, n) for n in range(4)]


@given(st.text(), st.text(), st.integers())
def test_jitter_is_small_and_always_the_same(seed: str, name: str, run: int) -> None:
    """A share in [0, 0.1), and the same again for the same thing."""
    share = spread(seed, name, run)
    assert 0 <= share < MAX_SPREAD
    assert share == spread(seed, name, run)


def test_jitter_differs_between_services_tries_and_hosts() -> None:
    """Programs that fell together don't come back in the same instant."""
    shares = {spread(h, s, n) for h in "ab" for s in ("x", "y") for n in range(50)}
    assert 200 == len(shares)


def test_parts_are_kept_apart() -> None:
    """Two parts never read as one: ("a", "bc") is not ("ab", "c")."""
    assert spread("", "a", "bc") != spread("", "ab", "c")
