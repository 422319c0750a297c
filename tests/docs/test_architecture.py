"""The page of the architecture: it names what there is."""

import re
from pathlib import Path

TOP = Path(__file__).parents[2]
HOME = TOP / "selfhealingd"
ROOMS, *_ = (TOP / "docs" / "architecture.md").read_text().partition("## Words")


def test_every_room_and_module_has_its_place() -> None:
    """A newcomer finds each there, and nothing that is gone."""
    rooms = {f"{init.parent.name}/" for init in HOME.glob("*/__init__.py")}
    modules = {file.name for file in HOME.glob("[!_]*.py")}
    cells = re.findall(r"^\| (`[^|]+) \|", ROOMS, re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    assert rooms | modules | {"selfhealctl/"} == named
