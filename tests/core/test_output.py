"""Where output goes, in commands for people."""

from pathlib import Path

import pytest

from selfhealingd.core.output import (
    Elsewhere,
    LogTo,
    Target,
    how_to_mend,
    how_to_see,
    journal_of,
    logs,
)

OUT, ERR = LogTo(path=Path("/l/web.log")), LogTo(path=Path("/l/my err.log"))


@pytest.mark.parametrize(
    ("stdout", "stderr", "command"),
    [
        (OUT, ERR, "selfhealctl logs web"),
        (OUT, None, "selfhealctl tail web"),
        (OUT, OUT, "selfhealctl tail web"),
        (OUT, Elsewhere.NOWHERE, "selfhealctl tail web"),
        (Elsewhere.NOWHERE, ERR, "selfhealctl tail web stderr"),
        (Elsewhere.JOURNAL, None, "journalctl -e SELFHEALINGD_PROGRAM=web"),
        (
            Elsewhere.JOURNAL,
            ERR,
            "selfhealctl tail web stderr; journalctl -e SELFHEALINGD_PROGRAM=web",
        ),
        (Elsewhere.STDOUT, Elsewhere.STDERR, None),
        (Elsewhere.NOWHERE, None, None),
    ],
)
def test_how_to_see(stdout: Target, stderr: Target | None, command: str | None) -> None:
    """Both streams where both are kept; what is nowhere can't be seen."""
    assert command == how_to_see("web", stdout, stderr)


def test_where_lines_in_the_journal_are_found() -> None:
    """By the program's name, if either of its streams goes there."""
    expected = "SELFHEALINGD_PROGRAM=web"
    assert expected == journal_of("web", Elsewhere.JOURNAL, None)
    assert expected == journal_of("web", Elsewhere.NOWHERE, Elsewhere.JOURNAL)
    assert journal_of("web", Elsewhere.STDOUT, None) is None


@pytest.mark.parametrize(
    ("stdout", "stderr", "commands"),
    [
        (OUT, None, "df -h /l; namei -l /l/web.log"),
        (OUT, ERR, "df -h /l; namei -l '/l/my err.log'; namei -l /l/web.log"),
        (Elsewhere.JOURNAL, None, "systemctl status systemd-journald"),
        (Elsewhere.NOWHERE, None, ""),
    ],
)
def test_how_to_mend(stdout: Target, stderr: Target | None, commands: str) -> None:
    """What shows why nothing is taken, each once."""
    assert commands == how_to_mend(stdout, stderr)


def test_logs() -> None:
    """Files alone, each once, the errors' first."""
    assert (ERR.path, OUT.path) == logs(OUT, ERR)
    assert (OUT.path,) == logs(OUT, OUT)
    assert () == logs(Elsewhere.STDOUT, None)
