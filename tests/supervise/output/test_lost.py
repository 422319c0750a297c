"""A FIFO that somebody deleted is found at those who have it open."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from selfhealingd.supervise.output.fifo import Fifo
from selfhealingd.supervise.output.lost import find_lost, own_lost

pytestmark = pytest.mark.process


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a place for a FIFO, as daemons have it."""
    return tmp_path / "1.23" / "output" / "web.stdout"


@contextmanager
def holder(path: Path, script: str = "(echo >&2); exec cat") -> Iterator[int]:
    """Give the pid of a program that has a FIFO open, as nobody else has.

    What it says comes from a shell of its own: a redirection would for a moment move
    what the program has open.
    """
    fifo = Fifo(path, None)
    pipe = subprocess.PIPE
    argv = ["/bin/sh", "-c", script]
    with subprocess.Popen(
        argv, stdin=pipe, stdout=fifo.for_child(), stderr=pipe
    ) as program:
        assert program.stderr is not None
        assert b"\n" == program.stderr.readline()
        os.write(fifo.fd, b"said\n")
        fifo.close()
        yield program.pid
        assert program.stdin is not None
        program.stdin.close()


def said(fd: int | None) -> bytes:
    """Read what waits in a FIFO, and close it."""
    assert fd is not None
    try:
        return os.read(fd, 100)
    finally:
        os.close(fd)


def test_one_that_was_deleted_with_its_folder(path: Path) -> None:
    """What waits in it is still there."""
    with holder(path) as pid:
        shutil.rmtree(path.parents[1])
        assert b"said\n" == said(find_lost(path, pid))


def test_one_whose_place_another_has_taken(path: Path) -> None:
    """As an earlier daemon may have made one that nobody writes to."""
    with holder(path) as pid:
        path.unlink()
        Fifo(path, None).close()
        assert b"said\n" == said(find_lost(path, pid))


def test_one_below_another_runtime_folder(path: Path, tmp_path: Path) -> None:
    """It is where the config had it, not where it has it now."""
    with holder(path) as pid:
        elsewhere = tmp_path / "new" / path.relative_to(tmp_path)
        assert b"said\n" == said(find_lost(elsewhere, pid))


def test_one_that_only_a_descendant_has(path: Path) -> None:
    """The program itself writes elsewhere by now."""
    with holder(path, "exec 3<&0; cat <&3 & exec >/dev/null; (echo >&2); wait") as pid:
        path.unlink()
        assert b"said\n" == said(find_lost(path, pid))


def test_one_that_is_where_it_belongs(path: Path) -> None:
    """There is nothing to find."""
    with holder(path) as pid:
        assert find_lost(path, pid) is None


def test_what_is_another_daemons(path: Path) -> None:
    """What a program has open besides, of another state, is not ours."""
    with holder(path, "exec 5>&1 >/dev/null; (echo >&2); exec cat") as pid:
        path.unlink()
        other = path.parents[2] / "4.56" / "output" / path.name
        assert find_lost(other, pid) is None


def test_a_programs_own_is_ours_whatever_the_state_is(path: Path) -> None:
    """The state folder was deleted, and is another one now."""
    with holder(path) as pid:
        other = path.parents[2] / "4.56" / "output" / path.name
        assert b"said\n" == said(find_lost(other, pid))


def test_what_is_called_so_without_being_a_fifo(path: Path) -> None:
    """A file is not read from."""
    path.parent.mkdir(parents=True)
    with (
        path.open("w") as file,
        subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=file) as program,
    ):
        path.unlink()
        assert find_lost(path, program.pid) is None
        assert program.stdin is not None
        program.stdin.close()


def test_whoever_is_gone_has_none(path: Path) -> None:
    """A pid of nobody is no trouble."""
    with subprocess.Popen(["true"]) as program:
        pass
    assert find_lost(path, program.pid) is None


def test_our_own_are_found_by_where_they_belong(path: Path) -> None:
    """Those in their place are none."""
    lost, there = Fifo(path, None), Fifo(path.with_name("api.stdout"), None)
    path.unlink()
    os.write(lost.fd, b"said\n")
    found = own_lost(path.parent)
    assert {path} == found.keys()
    assert b"said\n" == said(found[path])
    lost.close()
    there.close()
