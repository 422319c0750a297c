"""Twenty thousand open files are counted, and what leaks comes first."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from selfhealingd.observe.evidence.files import SHOWN, files

pytestmark = pytest.mark.process

Begin = Callable[..., int]

LEAK = """
import os, resource, sys
many = int(sys.argv[1])
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(many + 100, hard), hard))
one = os.open("/etc/passwd", os.O_RDONLY)
for n in range(many - 10):
    os.dup(one)
os.pipe()
os.memfd_create("x")
print("up")
sys.stdin.read()
"""


def test_a_leak_shows_what_leaks(begin: Begin) -> None:
    """The same file many times is one line with its number, before all others."""
    pid = begin(LEAK, 500)
    found = files(pid)
    assert "/etc/passwd" == found.most[0].what
    assert 491 == found.most[0].count
    assert {"pipe": 4} == {o.what: o.count for o in found.most if o.what == "pipe"}
    assert 600 == found.limit
    assert found.open == sum(one.count for one in found.most)
    assert found.looked_at is None


def test_twenty_thousand(begin: Begin) -> None:
    """All are counted, not all are looked at, and it is a matter of a moment."""
    pid = begin(LEAK, 20_000)
    before = time.process_time()
    found = files(pid)
    spent = time.process_time() - before
    assert found.open > 19_990
    assert 10_000 == found.looked_at
    assert found.most[0].count > 9_900
    assert len(found.most) <= SHOWN
    # No benchmark: a hundred times what it takes is a defect on any machine.
    assert spent < 20


def test_ones_own_files_are_readable() -> None:
    """Controls in names are shown, and names are cut at their beginning."""
    name = "/tmp/" + "a" * 240 + "\n"
    fd = os.open(name, os.O_CREAT | os.O_RDWR)
    try:
        Path(name).unlink()
        found = files(os.getpid())
    finally:
        os.close(fd)
    [long] = [one.what for one in found.most if one.what.endswith("aa? (deleted)")]
    assert long.startswith("…a")
    assert 201 == len(long)
