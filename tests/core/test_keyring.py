import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.keyring import (
    Blame,
    Cooling,
    Failed,
    Key,
    KeyRing,
    Usable,
    answered,
    blame,
    choose,
    forgiven,
    in_words,
    management,
    renewed,
    seconds,
)

A, B = (Key(fingerprint=name, source=name.upper()) for name in "ab")
RING: KeyRing = (A, B)


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_refused_key_fails_and_the_next_is_chosen(status: int) -> None:
    """No time brings it back, nor a reload, which may be for anything."""
    ring = answered(RING, "a", status, now=0)
    assert Failed(status) == ring[0].state
    assert B == choose(ring, now=1e9)
    assert str(status) in in_words(ring[0], 0)
    assert B == choose(renewed(ring, RING), now=1)


def test_a_failed_key_is_tried_again_where_a_person_asks() -> None:
    """What was wrong with it may be mended; but not while there is another."""
    one_failed = answered(RING, "a", 401, now=0)
    assert one_failed == forgiven(one_failed, now=1)
    failed = answered(one_failed, "b", 402, now=0)
    assert RING == forgiven(failed, now=1)
    cooling = answered(one_failed, "b", 429, now=0)
    again = forgiven(cooling, now=1)
    assert A == again[0]
    assert cooling[1] == again[1]


@pytest.mark.parametrize(
    ("header", "until"),
    [("30", 30), ("0", 1), ("999999", 3600), (None, 60), ("-5", 60), ("soon", 60)],
)
def test_too_many_requests_cool_a_key_for_as_long_as_is_sane(
    header: str | None, until: float
) -> None:
    """From 1 to 3600 s, and 60 where it isn't said."""
    ring = answered(RING, "a", 429, now=0, retry_after=seconds(header))
    assert Cooling(until) == ring[0].state
    assert B == choose(ring, until - 0.5)
    chosen = choose(ring, until)
    assert chosen is not None
    assert "a" == chosen.fingerprint
    assert ring[0] == renewed(ring, RING)[0]
    assert "429" in in_words(ring[0], 0)


@pytest.mark.parametrize("status", [500, 502, 503, 529, 302, 404, 400])
def test_what_is_the_endpoints_fault_blames_no_key(status: int) -> None:
    """Else one bad hour of it would cost all keys."""
    assert RING == answered(RING, "a", status, now=0)
    assert blame(status) in {Blame.ENDPOINT, Blame.CONFIG}


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.sampled_from([200, 401, 402, 403, 429, 500]),
            st.floats(0, 1e5),
            st.none() | st.floats(0, 1e9),
        )
    ),
    st.floats(0, 1e6),
)
def test_the_counts_always_add_up(
    answers: list[tuple[str, int, float, float | None]], now: float
) -> None:
    """Each key is active, failed or cooling; and one is chosen if one is active."""
    ring = RING
    for fingerprint, status, at, after in answers:
        ring = answered(ring, fingerprint, status, now=at, retry_after=after)
    told = management(ring, now)
    assert 2 == told.total_keys
    assert 2 == told.active_keys + told.failed_keys + told.cooling_keys
    assert (told.active_keys > 0) is (choose(ring, now) is not None)


def test_a_success_makes_a_key_usable() -> None:
    """And blames nobody; no answer at all blames the endpoint."""
    ring = answered(answered(RING, "a", 429, now=0), "a", 200, now=70)
    assert Usable() == ring[0].state
    assert "usable" == in_words(ring[0], 70)
    assert Blame.NOBODY is blame(200)
    assert Blame.ENDPOINT is blame(None)
    assert Blame.KEY is blame(401)
