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


@pytest.mark.parametrize(
    ("text", "problem", "suggestion"),
    [
        ("%(foo)s", "numprocs knows no '%(foo)s'", "there are process_num"),
        ("%(proces_num)d", "numprocs knows no", 'did you mean "process_num"?'),
        ("%(process_num)", "numprocs can't fill in", 'write "%(process_num)d"'),
        ("%(program_name)x", "numprocs can't fill in", 'write "%(program_name)s"'),
    ],
)
def test_a_place_that_nothing_fills(text: str, problem: str, suggestion: str) -> None:
    """It is told where it stands, once for all processes."""
    raw = {
        "numprocs": 2,
        "command": ["x", text],
        "environment": {"A": f"%%(b)s {text}"},
    }
    _, noted = made("web", raw)
    assert ["command[1]", "environment.A"] == [one.key for one in noted]
    for one in noted:
        assert one.problem.startswith(problem)
        assert one.suggestion.startswith(suggestion)
        assert one.suggestion.endswith('a literal one is written "%%("')


def test_percent_signs_that_are_none_of_it() -> None:
    """They stay as they are."""
    raw = {"numprocs": 1, "command": "date +%H:%M %%(x)s 50% (y)"}
    tables, noted = made("web", raw)
    assert [] == noted
    assert {"command": "date +%H:%M %(x)s 50% (y)"} == tables["web_00"]


@pytest.mark.parametrize("number", [0, -1, 1001, "3", True, 2.5])
def test_a_number_that_makes_no_sense(number: object) -> None:
    """It is told once, and what else is wrong in the table still is."""
    tables, noted = made("web", {"numprocs": number, "command": "x"})
    assert ["web_00"] == list(tables)
    assert ["expected a number from 1 to 1000"] == [
        mistake.problem.split(",")[0] for mistake in noted
    ]
