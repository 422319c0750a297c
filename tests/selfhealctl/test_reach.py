"""Why the daemon is not reached, and what to do: in words."""

import errno
import os
import socket
import stat
from pathlib import Path

import pytest

from selfhealctl import reach
from selfhealctl.client import connect
from selfhealctl.errors import Unreachable
from selfhealctl.reach import unreachable
from selfhealingd.wire.places import default_socket


def refusal(path: Path) -> Unreachable:
    with pytest.raises(Unreachable) as caught, connect(path, 5):
        pass
    return caught.value


def test_an_absent_socket_names_the_command_that_starts_the_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No such file: most likely it does not run."""
    monkeypatch.setattr(reach, "SYSTEM", tmp_path / "nor-this.sock")
    error = refusal(tmp_path / "none.sock")
    assert f"cannot reach the daemon at {tmp_path}/none.sock: no such file" == str(
        error
    )
    assert error.hint is not None
    assert "start it with: selfhealingd --config FILE" in error.hint


def test_an_absent_socket_points_to_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user who has no daemon most likely means the one of the machine."""
    system = tmp_path / "system.sock"
    system.touch()
    monkeypatch.setattr(reach, "SYSTEM", system)
    hint = refusal(tmp_path / "none.sock").hint
    assert hint is not None
    assert f"add --socket {system}; or, for good: export" in hint


def test_a_stale_socket_is_told_as_not_running(tmp_path: Path) -> None:
    """A socket without a listener was left by a daemon that was killed."""
    path = tmp_path / "stale.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(os.fspath(path))
    assert refusal(path).words.endswith("not running (stale socket)")


def test_a_file_is_not_a_socket(tmp_path: Path) -> None:
    """A mistyped --socket is told from a stale one, with the usual place."""
    path = tmp_path / "config.toml"
    path.touch()
    refused = refusal(path)
    assert refused.words.endswith("not a socket")
    usual = default_socket(os.geteuid(), os.environ)
    assert f"name the daemon's: selfhealctl --socket {usual} status" == refused.hint


def test_a_path_too_long_for_a_socket_is_told(tmp_path: Path) -> None:
    """The kernel takes 107 bytes."""
    assert "too long" in refusal(tmp_path / ("x" * 120)).words


@pytest.mark.parametrize(
    ("gid", "way"),
    [
        (0, "type it with sudo; or, for good, have a group of yours"),
        (
            65534,
            "type it with sudo; or, for good: sudo usermod -aG nogroup ",
        ),
    ],
)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_no_permission_says_who_we_are_and_who_may(
    tmp_path: Path, gid: int, way: str
) -> None:
    """Our uid, owner, group and mode; and nobody is told to join the group of root."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.fspath(path))
    path.chmod(0o660)
    os.chown(path, 0, gid)
    error = unreachable(path, PermissionError(errno.EACCES, "Permission denied"))
    assert error.hint is not None
    assert f"you are uid {os.geteuid()}; the socket belongs to " in error.hint
    assert f"mode 0660; {way}" in error.hint


def test_a_closed_folder_is_named(tmp_path: Path) -> None:
    """Where the socket cannot even be seen, the folder that hides it is described."""
    folder = tmp_path / "closed"
    folder.mkdir()
    mode = stat.S_IMODE(folder.stat().st_mode)
    error = unreachable(folder / "s", PermissionError(errno.EACCES, "no"))
    assert error.hint is not None
    assert f"the folder {folder} belongs to" in error.hint
    assert f"mode {mode:04o}" in error.hint
