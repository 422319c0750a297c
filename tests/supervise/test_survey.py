"""Who is a program that runs on, and who a leftover: by record, then by marks."""

import pytest

from selfhealingd.supervise.leftovers import Leftover, Recorded
from selfhealingd.supervise.survey import sort_out

US, OTHER = 1000, 33


def process(pid: int, **facts: int | str | None) -> Leftover:
    """One that leads its session, is of run 3 of ``web``, and is ours."""
    usual = {"started": 50, "program": "web", "session": pid, "run": 3, "uid": US}
    return Leftover(pid=pid, **{**usual, **facts})  # type: ignore[arg-type]


def record(
    run: int = 3, pid: int | None = 7, *, awaited: bool = False, started: int = 50
) -> Recorded:
    return Recorded("web", run, pid, pid and started, awaited=awaited, boot="now")


LEADER = process(7)


@pytest.mark.parametrize(
    ("found", "known", "leader"),
    [
        ([LEADER], record(), 7),
        # Its session and its marks may be gone: it is the one that was recorded.
        ([process(7, session=1, run=None, uid=None)], record(), 7),
        ([LEADER, process(8), process(9, session=7)], record(), 7),
        # The number has another owner now.
        ([LEADER], record(started=49), None),
        # A descendant that leads a session of its own is not its parent.
        ([process(8)], record(), None),
        # Down when the file was written, or not yet answered.
        ([LEADER], record(pid=None), None),
        ([LEADER], record(pid=None, awaited=True), 7),
        # Started since the file was written.
        ([LEADER], record(run=2, pid=4), 7),
        ([LEADER, process(8, run=2)], record(run=2, pid=4), 7),
        ([LEADER], None, 7),
        # Marks alone prove nothing to one who may be anybody.
        ([LEADER, process(8)], None, None),
        ([LEADER, process(8, session=7, started=51)], None, 7),
        ([LEADER, process(8, session=6, started=49)], None, None),
        ([process(7, uid=OTHER)], None, None),
        ([process(7, session=6)], None, None),
        ([process(7, run=None)], None, None),
        ([process(7, run=2)], record(run=3, pid=4), None),
    ],
)
def test_a_programs_own_process(
    found: list[Leftover], known: Recorded | None, leader: int | None
) -> None:
    """It is the one of which there can be no doubt, or there is none."""
    survey = sort_out(found, {"web": known} if known else {}, {}, uid=US)
    assert ({"web": leader} if leader else {}) == {
        name: one.pid for name, one in survey.leaders.items()
    }
    left = [] if leader else [one.pid for one in found]
    assert left == [one.pid for one in survey.leftovers]


def test_by_the_user_that_the_program_has() -> None:
    """Not by ours, where that is another."""
    found = [process(7, uid=OTHER)]
    assert ["web"] == list(sort_out(found, {}, {"web": OTHER}, uid=US).leaders)
    assert {} == sort_out(found, {}, {}, uid=US).leaders


def test_what_no_program_claims_is_left_over() -> None:
    """Such as what a background task had started."""
    task = process(9, program="", run=None)
    survey = sort_out([task, LEADER], {"web": record()}, {}, uid=US)
    assert (task,) == survey.leftovers
