"""A FIFO keeps what a program wrote, whoever reads it, and never kills a writer."""

import os
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.launch import Credentials
from selfhealingd.supervise.output.errors import OutputError
from selfhealingd.supervise.output.fifo import Fifo, fifo_path, program_of

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may switch users")
NOBODY = Credentials(uid=65534, gid=65534, name="nobody")


@given(st.text(min_size=1, max_size=60).filter(lambda text: "\0" not in text))
def test_any_name_has_a_path_of_its_own(name: str) -> None:
    """Whatever a program is called, its FIFO is in the folder and tells the name."""
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return
    path = fifo_path(Path("/run/x"), name, "stdout")
    assert Path("/run/x") == path.parent
    assert name == program_of(path)


def test_it_is_for_its_owner_alone(fifo: Fifo) -> None:
    """The FIFO is the daemon's user's, mode 0600, whatever the umask is."""
    found = fifo.path.stat()
    assert (0o600, os.geteuid()) == (stat.S_IMODE(found.st_mode), found.st_uid)


def test_what_is_written_stays_while_nobody_reads(tmp_path: Path) -> None:
    """A reader that comes later finds what a program wrote before."""
    path = tmp_path / "a" / "web.stdout"
    first = Fifo(path, None)
    program = os.dup(first.fd)
    os.write(program, b"one\n")
    first.close()
    os.write(program, b"two\n")
    second = Fifo(path, None)
    assert 8 == second.pending()
    assert b"one\ntwo\n" == os.read(second.fd, 100)
    assert second.empty()
    second.close()
    os.close(program)


@pytest.mark.process
def test_a_program_survives_its_reader(tmp_path: Path) -> None:
    """A program whose daemon is gone writes on, and does not die of SIGPIPE."""
    code = (
        "import os, signal, sys; signal.signal(signal.SIGPIPE, signal.SIG_DFL);"
        "sys.stdin.read(); os.write(1, b'still here')"
    )
    argv = [sys.executable, "-c", code]
    fifo = Fifo(tmp_path / "web.stdout", None)
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=fifo.for_child()) as it:
        fifo.close()
        assert it.stdin is not None
        it.stdin.close()
        assert 0 == it.wait(20)


@AS_ROOT
@pytest.mark.process
def test_its_user_can_open_dev_stdout_again(tmp_path: Path) -> None:
    """A program that runs as another user can reopen ``/dev/stdout``, as nginx does."""
    fifo = Fifo(tmp_path / "locked" / "web.stdout", NOBODY)
    argv = ["/bin/sh", "-c", "echo again > /dev/stdout; echo err > /proc/self/fd/1"]
    subprocess.check_call(argv, stdout=fifo.for_child(), user=65534, group=65534)
    assert b"again\nerr\n" == os.read(fifo.fd, 100)
    fifo.close()


@AS_ROOT
def test_another_user_gets_it(tmp_path: Path) -> None:
    """A FIFO follows the program's user, there and back."""
    path = tmp_path / "web.stdout"
    for owner in (NOBODY, None):
        fifo = Fifo(path, owner)
        assert (owner.uid if owner else os.geteuid()) == path.stat().st_uid
        fifo.close()


def test_a_child_gets_a_blocking_one(fifo: Fifo) -> None:
    """What an earlier run made of the descriptor's flags does not reach the next."""
    os.set_blocking(fifo.fd, False)
    assert os.get_blocking(fifo.for_child())


def test_it_grows_where_that_is_allowed(fifo: Fifo) -> None:
    """A FIFO can be made to hold more, and says how much it holds."""
    for _ in range(4):
        fifo.grow()
    size = 0
    os.set_blocking(fifo.fd, False)
    with suppress(BlockingIOError):
        while True:
            size += os.write(fifo.fd, bytes(4096))
    assert fifo.capacity == size


def test_something_else_is_refused(tmp_path: Path) -> None:
    """A file in the FIFO's place is left alone, and named."""
    path = tmp_path / "web.stdout"
    path.write_text("mine")
    with pytest.raises(OutputError, match="it is something else; remove it"):
        Fifo(path, None)
    assert "mine" == path.read_text()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """The reason is in the words."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot open FIFO .*: not a directory"):
        Fifo(tmp_path / "file" / "web.stdout", None)
