"""What is told to who knows the status of before."""

from topped import service, status

from selfhealingd.web.difference import difference
from selfhealingd.wire.documents import BreakerDocument


def breaker(name: str, state: str = "CLOSED") -> BreakerDocument:
    return BreakerDocument(name=name, state=state, failure_count=0)


def test_what_is_as_it_was_is_left_out() -> None:
    """Of the lists, those that differ; all else is there, and age is no change."""
    before = status(
        service("a"),
        service("b", uptime=1.0),
        watches=(service("w"),),
        circuit_breakers=(breaker("program:a"), breaker("program:b")),
    )
    fallen = service("a", state="BACKOFF")
    after = status(
        fallen,
        service("b", uptime=2.0),
        watches=(service("w"),),
        circuit_breakers=(breaker("program:a", "OPEN"), breaker("program:b")),
        issues=("WARNING: program a is down",),
    )
    found = difference(before, after)
    assert found is not None
    assert (fallen,) == found.programs
    assert () == found.watches
    assert (breaker("program:a", "OPEN"),) == found.circuit_breakers
    assert after.issues == found.issues


def test_others_are_told_of_as_a_whole() -> None:
    """Where one came, went or has another place, what is left out can't be known."""
    before = status(service("a"), service("b"))
    for names in ("a", "abc", "ba"):
        assert difference(before, status(*map(service, names))) is None
