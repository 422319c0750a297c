"""Paths are told apart by file system, without touching them."""

from pathlib import Path

import pytest

from selfhealingd.supervise.output.mounts import mount_of, mount_points

POINTS = frozenset({"/", "/var", "/var/log", "/mnt/my disk"})


@pytest.mark.parametrize(
    ("path", "point"),
    [
        ("/var/log/web.log", "/var/log"),
        ("/var/logs/web.log", "/var"),
        ("/var/log", "/var"),
        ("/mnt/my disk/a/b", "/mnt/my disk"),
        ("/srv/web.log", "/"),
    ],
)
def test_the_longest_folder_counts(path: str, point: str) -> None:
    """A log belongs to the innermost mount that holds its folder."""
    assert point == mount_of(Path(path), POINTS)


def test_this_host_has_mounts() -> None:
    """The kernel's table is understood."""
    assert {"/", "/proc"} <= mount_points()
