"""Where output goes, in commands for people."""

from pathlib import Path

import pytest

from selfhealingd.core.output import (
    Elsewhere,
    LogTo,
    Target,
    how_to_mend,
    how_to_see,
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
