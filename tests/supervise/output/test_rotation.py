"""Rotation keeps what is to be kept, in order, wherever it is interrupted."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.supervise.output.rotation import (
    Remove,
    Rename,
    Step,
    older,
    period,
    period_end,
    plan,
    rotate,
)

Files = dict[str, int]


def _perform(files: Files, steps: tuple[Step, ...]) -> None:
    for step in steps:
        if isinstance(step, Remove):
            del files[step.name]
        else:
            assert step.to not in files, "a rename must not bury a file"
            files[step.to] = files.pop(step.name)


def _shelf(files: Files) -> dict[int, list[str]]:
    shelf: dict[int, list[str]] = {}
    for name in sorted(files):
        if name != "log":
            shelf.setdefault(int(name.split(".")[1]), []).append(name)
    return shelf


def _in_order(files: Files) -> list[int]:
    numbers = [names[0] for _, names in sorted(_shelf(files).items(), reverse=True)]
    return [files[name] for name in numbers] + [files[n] for n in files if n == "log"]


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=30),
)
def test_a_crash_at_any_step_loses_nothing(
    backups: int, rounds: list[tuple[int, bool]]
) -> None:
    """After any number of crashes and retries the newest files are there, in order."""
    files: Files = {"log": 0}
    for stamp, (crash_after, gz) in enumerate(rounds, start=1):
        _perform(files, plan("log", _shelf(files), backups)[:crash_after])
        if "log" in files:
            _perform(files, plan("log", _shelf(files), backups))
        if gz and "log.2" in files and "log.2.gz" not in files:
            files["log.2.gz"] = files.pop("log.2")
        files["log"] = stamp
        found = _in_order(files)
        assert list(range(stamp + 1))[-len(found) :] == found
        assert min(stamp, backups) + 1 == len(found)


@pytest.mark.parametrize(
    ("shelf", "backups", "steps"),
    [
        ({}, 0, (Remove("log"),)),
        ({}, 3, (Rename("log", "log.1"),)),
        ({1: ["log.1"]}, 1, (Remove("log.1"), Rename("log", "log.1"))),
        (
            {1: ["log.1"], 2: ["log.2.gz"], 4: ["log.4"]},
            5,
            (
                Rename("log.2.gz", "log.3.gz"),
                Rename("log.1", "log.2"),
                Rename("log", "log.1"),
            ),
        ),
        (
            {1: ["log.1"], 2: ["log.2", "log.2.gz"], 3: ["log.3.gz"]},
            1,
            (
                Remove("log.2.gz"),
                Remove("log.3.gz"),
                Remove("log.2"),
                Remove("log.1"),
                Rename("log", "log.1"),
            ),
        ),
    ],
)
def test_steps(
    shelf: dict[int, list[str]], backups: int, steps: tuple[Step, ...]
) -> None:
    """Gaps are filled, what is too many goes first, doubles lose the compressed one."""
    assert steps == plan("log", shelf, backups)


def test_on_disk(tmp_path: Path) -> None:
    """Real files get their numbers."""
    log = tmp_path / "web.log"
    for text in "abcd":
        log.write_text(text)
        rotate(log, 2)
    assert [(1, ("web.log.1",)), (2, ("web.log.2",))] == list(older(log))
    assert (
        "dc"
        == (tmp_path / "web.log.1").read_text() + (tmp_path / "web.log.2").read_text()
    )


def test_fewer_backups_than_before(tmp_path: Path) -> None:
    """Those beyond a number that was lowered go at the next rotation."""
    log = tmp_path / "web.log"
    for _ in range(6):
        log.touch()
        rotate(log, 9)
    log.touch()
    rotate(log, 2)
    assert [1, 2] == [number for number, _ in older(log)]


@given(st.floats(0, 4e9), st.floats(1, 1e6), st.sampled_from([0, 3600, -18000, 20700]))
def test_a_period_ends_where_the_next_begins(now: float, age: float, east: int) -> None:
    """The end is ahead, and in the next period."""
    end = period_end(now, age, east)
    assert now < end <= now + age * 1.001 + 1
    assert period(now, age, east) < period(end + 0.001, age, east)


def test_a_day_begins_at_local_midnight() -> None:
    """With ``max_age`` of a day, east of Greenwich, the day is the local one."""
    assert 86400 - 7200 == period_end(0.0, 86400, 7200)
