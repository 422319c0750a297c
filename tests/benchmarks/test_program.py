import os
from pathlib import Path

from benchmarks.measure import nearest_rank
from benchmarks.program import Reports
from hypothesis import given
from hypothesis import strategies as st


def test_a_report_in_two_pieces_is_one_report(tmp_path: Path) -> None:
    """A report counts when its line is whole, and its pid is then the newest."""
    with Reports(tmp_path / "fifo") as reports:
        writer = os.open(reports.path, os.O_WRONLY)
        os.write(writer, b"p0001 17 5000 0\np00")
        [first] = reports.take(1)
        os.write(writer, b"01 18 6000 0\n")
        [second] = reports.take(1)
        os.close(writer)
        assert (17, 5000) == (first.pid, first.at)
        assert (18, 6000) == (second.pid, second.at)
        assert {"p0001": 18} == reports.pids


def test_a_report_without_a_time_gets_that_of_its_arrival(tmp_path: Path) -> None:
    """The shell script can't tell the time, so it is taken on arrival."""
    with Reports(tmp_path / "fifo") as reports:
        path = os.open(reports.path, os.O_WRONLY)
        os.write(path, b"p0001 17 0 0\n")
        os.close(path)
        [report] = reports.take(1)
        assert report.at > 0


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_percentile_covers_its_share(values: list[float], share: float) -> None:
    """At least the share of all values does not exceed it, and it is one of them."""
    found = nearest_rank(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
