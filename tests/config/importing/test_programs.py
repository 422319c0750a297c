"""Several processes of one program: one table where that says the same."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from selfhealingd.config import Config, load_config
from selfhealingd.config.importing import import_file

NUMBERED = "process_name=%(program_name)s_%(process_num)02d\n"


def imported(tmp_path: Path, text: str) -> tuple[dict[str, Any], Config]:
    file = tmp_path / "supervisord.conf"
    file.write_text(text)
    made = import_file(file, environ={}, host="box").text
    config = tmp_path / "selfhealingd.toml"
    config.write_text(made)
    return tomllib.loads(made), load_config(config, environ={}, uid=0)


def test_one_table_with_numprocs(tmp_path: Path) -> None:
    """Processes that are named as ours, and differ by their number alone."""
    tables, config = imported(
        tmp_path,
        "[program:w]\ncommand=w 90%(process_num)02d 5%% %(numprocs)d\n"
        f"numprocs=2\n{NUMBERED}",
    )
    assert tables["program"]["w"] == {
        "command": "w 90%(process_num)02d 5%% 2",
        "numprocs": 2,
    }
    assert config.launches["w_01"].argv == ("w", "9001", "5%", "2")
    assert config.policy.programs["w_01"].group == "w"


@pytest.mark.parametrize(
    "text",
    [
        "numprocs=2\nprocess_name=w%(process_num)d\n",
        f"numprocs=2\nnumprocs_start=1\n{NUMBERED}",
        f'numprocs=2\n{NUMBERED}environment=P="%(process_num)x"\n',
    ],
)
def test_a_table_each(tmp_path: Path, text: str) -> None:
    """Any other names or differences make a table each, held together by a group."""
    tables, config = imported(tmp_path, f"[program:w]\ncommand=w\n{text}")
    assert tables["group"]["w"]["programs"] == list(tables["program"])
    assert [program.group for program in config.policy.programs.values()] == ["w"] * 2


def test_names_that_would_clash(tmp_path: Path) -> None:
    """Each process has a name of its own, though supervisord's are in groups."""
    same = "process_name=p%(process_num)d\nnumprocs=2\n"
    tables, _ = imported(
        tmp_path, f"[program:a]\ncommand=a\n{same}[program:b]\ncommand=b\n{same}"
    )
    assert list(tables["program"]) == ["p0", "p1", "p0-2", "p1-2"]
    assert tables["group"]["b"]["programs"] == ["p0-2", "p1-2"]


def test_names_that_differ_in_case_alone(tmp_path: Path) -> None:
    """They count as one name here, so the second gets another."""
    text = "[program:Web]\ncommand=a\n[program:web]\ncommand=b\n[group:WEB]\n"
    tables, _ = imported(tmp_path, f"{text}programs=Web,web\n")
    assert list(tables["program"]) == ["Web", "web-2"]
    assert tables["group"] == {"WEB-3": {"programs": ["Web", "web-2"]}}
