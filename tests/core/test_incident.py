"""What an incident remembers."""

import pytest
from msgspec.structs import replace

from selfhealingd.core.incident import (
    MAX_ATTEMPTS,
    Attempt,
    Cause,
    Ending,
    Incident,
    Result,
    begin,
    close,
    conclude,
    extend,
)

OPENED = Incident(
    id="web-1", service="web", cause=Cause.EXIT, detail="exited", opened=1.0
)


def attempt(number: int) -> Attempt:
    return Attempt(
        number=number,
        remedy="restart",
        began=2.0,
        deadline=43.0,
        ticket=0,
        main_ticket=0,
    )


def test_an_attempt_is_under_way_until_it_is_concluded() -> None:
    """Begun, it is the incident's attempt; concluded, it has a result and a time."""
    assert OPENED.attempt is None
    begun = begin(OPENED, attempt(1))
    assert attempt(1) == begun.attempt
    done = conclude(begun, result=Result.HEALED, detail="up", now=9.0)
    assert done.attempt is None
    last = done.attempts[-1]
    assert (Result.HEALED, "up", 9.0) == (last.result, last.detail, last.ended)


def test_an_attempt_may_get_more_time() -> None:
    """The one that is under way, and nothing else of it changes."""
    begun = begin(begin(OPENED, attempt(1)), attempt(2))
    longer = extend(begun, deadline=99.0)
    assert (attempt(1), replace(attempt(2), deadline=99.0)) == longer.attempts


def test_only_so_many_attempts_are_remembered() -> None:
    """The latest ones; their numbers go on."""
    incident = OPENED
    for number in range(1, 50):
        incident = begin(incident, attempt(number))
        incident = conclude(incident, result=Result.NO_EFFECT, detail=None, now=3.0)
    kept = [a.number for a in incident.attempts]
    assert list(range(50 - MAX_ATTEMPTS, 50)) == kept


@pytest.mark.parametrize("ending", Ending)
def test_an_ending_closes_it(ending: Ending) -> None:
    """Open until it has an ending."""
    closed = close(OPENED, ending=ending, now=9.0)
    assert OPENED.open
    assert not closed.open
    assert (ending, 9.0) == (closed.ending, closed.ended)
