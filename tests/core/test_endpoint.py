"""What is kept of a model's endpoint: its breaker, and calls that brought nothing."""

from selfhealingd.core.breaker import By, Outcome
from selfhealingd.core.endpoint import (
    MOST_IN_VAIN,
    POLICY,
    Endpoint,
    admit,
    asked_in_vain,
    brought_back,
    closed,
    record,
    reported,
)
from selfhealingd.wire.diagnosis import InVainDocument


def call(number: int, words: str = "it answered 503") -> InVainDocument:
    return InVainDocument(
        incident=f"web-{number}", at="2026-11-26T03:00:00.100Z", words=words
    )


def ended(endpoint: Endpoint, outcome: Outcome, now: float = 0.0) -> Endpoint:
    admitted = admit(endpoint, now=now, lease=60.0)
    assert admitted is not None
    return record(admitted[0], ticket=admitted[1], outcome=outcome, now=now)


def changed(endpoint: Endpoint) -> str:
    assert endpoint.breaker.change is not None
    return endpoint.breaker.change.reason


def test_one_that_fails_again_and_again_is_left_alone_for_a_while() -> None:
    """Also after a restart; it is told why, and a person has it asked again."""
    endpoint = Endpoint()
    for _ in range(POLICY.open_after):
        endpoint = ended(endpoint, Outcome.FAILURE)
    assert "OPEN" == endpoint.breaker.label
    assert "the endpoint failed 3 times in a row" == changed(endpoint)
    assert admit(brought_back(endpoint, 1.0), now=1.0, lease=60.0) is None
    by = By(uid=0, pid=1)
    assert admit(closed(endpoint, reason="mended", by=by, now=1.0), now=1.0, lease=9.0)
    well = ended(endpoint, Outcome.SUCCESS, now=100.0)
    assert ("CLOSED", "the endpoint answered") == (well.breaker.label, changed(well))


def test_of_each_incident_the_last_call_in_vain_is_known() -> None:
    """Until there is a report of it; of too many incidents the last ones."""
    endpoint = asked_in_vain(Endpoint(), call(1))
    endpoint = asked_in_vain(asked_in_vain(endpoint, call(2)), call(1, "it hung"))
    assert (call(2), call(1, "it hung")) == endpoint.in_vain
    assert (call(2),) == reported(endpoint, "web-1").in_vain
    for number in range(3, 100):
        endpoint = asked_in_vain(endpoint, call(number))
    assert MOST_IN_VAIN == len(endpoint.in_vain)
    assert call(99) == endpoint.in_vain[-1]
