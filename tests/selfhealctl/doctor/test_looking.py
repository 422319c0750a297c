"""What others say of the ground is understood."""

from pathlib import Path

import pytest

from selfhealctl.doctor.facts import Unit
from selfhealctl.doctor.looking import compared
from selfhealingd.install.command import Asked, install

UNIT = "systemd/user/selfhealingd.service"


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """Return what a user's installation is asked for, with both programs there."""
    programs = [tmp_path / "bin" / name for name in ("selfhealingd", "selfhealctl")]
    shipped = tmp_path / "shipped" / UNIT
    for file in (*programs, shipped):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("as shipped")
        file.chmod(0o755)
    return Asked(
        user=True,
        dry_run=True,
        uid=1000,
        environ={"HOME": str(tmp_path)},
        command=programs[0],
        shipped=tmp_path / "shipped",
    )


def test_units_are_compared_with_those_of_the_package(
    asked: Asked, tmp_path: Path
) -> None:
    """By what an installation says of each: replaced, or of no effect."""
    unit = Unit("loaded", "active", "enabled")
    assert unit == compared(unit, "\n".join(install(asked)))
    ours, theirs = (tmp_path / folder / UNIT for folder in (".local/share", ".config"))
    for file in (ours, theirs):
        file.parent.mkdir(parents=True)
        file.write_text("changed")
    found = compared(unit, "\n".join(install(asked)))
    assert ((str(ours),), (str(theirs),)) == (found.differs, found.instead)
