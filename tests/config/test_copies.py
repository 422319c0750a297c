"""Several processes of one table."""

from pathlib import Path

import pytest

from selfhealingd.config.copies import copies
from selfhealingd.config.mistakes import Mistake, Spot


def made(name: str, raw: object) -> tuple[dict[str, object], list[Mistake]]:
    noted: list[Mistake] = []
    spot = Spot(Path("/x.toml"), {}, noted)
    return dict(copies(name, raw, spot)), noted


def test_a_table_without_numprocs_is_left_alone() -> None:
    """A percent sign in it is a percent sign."""
    raw = {"command": "date +%(process_num)d %%"}
    assert ({"web": raw}, []) == made("web", raw)


def test_each_process_has_its_number() -> None:
    """In strings wherever they stand, formatted as asked for."""
    raw = {
        "numprocs": 2,
        "command": ["%(program_name)s", "--port", "80%(process_num)02d", "50%%"],
        "environment": {"N": "%(process_num)d of %(numprocs)d"},
    }
    tables, noted = made("web", raw)
    assert [] == noted
    assert ["web_00", "web_01"] == list(tables)
    assert {
        "command": ["web", "--port", "8001", "50%"],
        "environment": {"N": "1 of 2"},
    } == tables["web_01"]


@pytest.mark.parametrize("number", [0, -1, 1001, "3", True, 2.5])
def test_a_number_that_makes_no_sense(number: object) -> None:
    """It is told once, and what else is wrong in the table still is."""
    tables, noted = made("web", {"numprocs": number, "command": "x"})
    assert ["web_00"] == list(tables)
    assert ["expected a number from 1 to 1000"] == [
        mistake.problem.split(",")[0] for mistake in noted
    ]
