"""Answers in a row, and what they amount to."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.ask import Connect, Http, Outcome
from selfhealingd.core.probe import (
    MARGIN_SECS,
    Heartbeat,
    LogLine,
    LogSilence,
    Probe,
    Probes,
    Tally,
    What,
    judge,
)
from selfhealingd.core.readiness import Tcp

OK, FAILED, UNKNOWN = Outcome.OK, Outcome.FAILED, Outcome.UNKNOWN
LETTERS = {".": OK, "x": FAILED, "?": UNKNOWN}
PORT = Connect(place=Tcp("", 80))

thresholds = st.integers(1, 4)
probes = st.builds(
    Probe,
    what=st.just(PORT),
    failure_threshold=thresholds,
    success_threshold=thresholds,
)
answers = st.lists(st.sampled_from(Outcome), max_size=30)


def after(probe: Probe, outcomes: list[Outcome]) -> Tally:
    tally = Tally()
    for outcome in outcomes:
        tally = judge(probe, tally, outcome)
    return tally


@pytest.mark.parametrize(
    ("answers", "sick"),
    [
        ("", None),
        ("?", None),
        (".", None),
        ("..", False),
        ("xx", None),
        ("xxx", True),
        ("xx?x", True),
        ("..xx", False),
        ("..xxx", True),
        ("xxx.", True),
        ("xxx.x.", True),
        ("xxx.?.", False),
        ("xxx.?x.", True),
    ],
)
def test_judge(answers: str, *, sick: bool | None) -> None:
    """Three failures in a row make sick, two successes in a row well."""
    probe = Probe(what=PORT, failure_threshold=3, success_threshold=2)
    assert sick is after(probe, [LETTERS[one] for one in answers]).sick


@given(probes, answers)
def test_unknown_counts_neither_way(probe: Probe, outcomes: list[Outcome]) -> None:
    """With those left out that could not be asked, the judgement is the same."""
    known = [one for one in outcomes if one is not UNKNOWN]
    assert after(probe, known) == after(probe, outcomes)


@given(probes, answers)
def test_it_takes_a_whole_row_to_change(probe: Probe, outcomes: list[Outcome]) -> None:
    """The judgement is that of the last row that was long enough."""
    known = [one for one in outcomes if one is not UNKNOWN]
    expected = None
    for end in range(len(known) + 1):
        for outcome, enough in (
            (OK, probe.success_threshold),
            (FAILED, probe.failure_threshold),
        ):
            row = known[:end][-enough:]
            if len(row) == enough and set(row) == {outcome}:
                expected = outcome is FAILED
    assert expected is after(probe, outcomes).sick


@given(probes, answers)
def test_a_tally_stays_small(probe: Probe, outcomes: list[Outcome]) -> None:
    """A year of the same answer is no longer a row than it takes."""
    most = max(probe.failure_threshold, probe.success_threshold)
    assert after(probe, outcomes).row <= most


@pytest.mark.parametrize(
    ("probe", "stretch", "secs"),
    [
        (Probe(what=PORT), 1, 10 + 2 * 10 + 3),
        (Probe(what=PORT), 4, 10 + 2 * 12 + 12),
        (Probe(what=PORT, period=60, failure_threshold=2), 1, 10 + 60 + 3),
        (Probe(what=PORT, period=1, timeout=3), 1, 1 + 2 * 3 + 3),
        (Probe(what=Heartbeat(7)), 2, 14),
        (Probe(what=LogSilence(60)), 1, 60),
        (Probe(what=LogLine("x"), failure_threshold=1), 1, 10),
    ],
)
def test_notice_secs(probe: Probe, stretch: float, secs: float) -> None:
    """What is still wrong after a restart is seen again within that time."""
    assert secs + MARGIN_SECS == probe.notice_secs(stretch)


@given(
    probes,
    st.floats(0.1, 60),
    st.floats(0.1, 60),
    st.floats(1, 4),
    st.floats(0, 1),
)
def test_notice_secs_is_enough(
    probe: Probe, period: float, timeout: float, stretch: float, chance: float
) -> None:
    """Whenever the first ask comes, and however long each takes."""
    probe = msgspec.structs.replace(probe, period=period, timeout=timeout)
    due = chance * probe.spread
    answered = 0.0
    for _ in range(probe.failure_threshold):
        answered = due + timeout * stretch
        due = max(due + period, answered)
    assert answered < probe.notice_secs(stretch)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (Heartbeat(7), "WATCHDOG=1 within 7 s"),
        (LogLine("ERR"), "no line with /ERR/"),
        (LogSilence(60), "a line within 1 min"),
    ],
)
def test_in_words(what: What, words: str) -> None:
    """As status has it."""
    assert words == str(what)


def test_all() -> None:
    """By their names, and none that is not there."""
    probe = Probe(what=PORT)
    assert {} == Probes().all()
    assert {"liveness": probe} == Probes(liveness=probe).all()
    assert {"readiness": probe} == Probes(readiness=probe).all()


def test_what_is_asked_is_plain_data() -> None:
    """It can be compared, and so be left alone by a reload that changes nothing."""
    one = Http(host="a", port=1, headers=(("A", "b"),))
    assert one == msgspec.structs.replace(one)
