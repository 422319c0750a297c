"""The page of files and variables: it has each variable of ours."""

import re
from pathlib import Path

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "files.md").read_text()
NOT_FOR_PEOPLE = {
    "SELFHEALINGD_HANDOFF",  # from the daemon to itself, over an exec
    "SELFHEALINGD_STREAM",  # a field of systemd's journal
}


def test_every_variable_is_named() -> None:
    """What the code reads or hands down, and no more."""
    used = {
        name
        for package in ("selfhealingd", "selfhealctl")
        for file in (TOP / package).rglob("*.py")
        for name in re.findall(r"\bSELFHEAL(?:CTL|INGD)_[A-Z]+", file.read_text())
    }
    named = set(re.findall(r"`(SELFHEAL(?:CTL|INGD)_[A-Z]+)`", PAGE))
    for row in re.findall(r"^\| `SELFHEALINGD_.*?\|", PAGE, re.MULTILINE):
        named |= {f"SELFHEALINGD{short}" for short in re.findall(r"`(_[A-Z]+)`", row)}
    assert used - NOT_FOR_PEOPLE == named
