"""More descriptors are held than the soft limit has, and no program notices."""

import os
import resource
import subprocess
import sys

import pytest

from selfhealingd.supervise.descriptors import Descriptors

CODE = """
import os, resource, subprocess, threading
from selfhealingd.supervise.descriptors import Descriptors

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 100))
mine = Descriptors()
null = lambda: os.open(os.devnull, os.O_RDONLY)

print(mine.allow(50), mine.given())
fd = null()
print(mine.lift(fd) == fd)
print(mine.allow(1000), mine.given())
stop = False
limits = set()

def spawn():
    while not stop:
        with mine.steady():
            limits.add(subprocess.check_output(["sh", "-c", "ulimit -Sn"]))

thread = threading.Thread(target=spawn)
thread.start()
lifted = [mine.lift(null()) for _ in range(36)]
for _ in range(20_000):
    os.close(lifted.pop())
    lifted.append(mine.lift(null()))
stop = True
thread.join()
print(lifted == list(range(64, 100)), os.get_inheritable(99))
print(mine.lift(null()) < 64)
print(os.fstat(99).st_rdev == os.stat(os.devnull).st_rdev)
print(limits)
print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_lifted_out_of_the_way() -> None:
    """Held above the limit, which nobody who is started meanwhile ever sees raised."""
    ran = subprocess.run(  # noqa: TID251 - its limits are not the tests'
        [sys.executable, "-c", CODE],
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert [
        "64 {}",
        "True",
        "100 {7: (64, 100)}",
        "True False",
        "True",
        "True",
        "{b'64\\n'}",
        "(64, 100)",
    ] == ran.stdout.splitlines(), ran.stderr


INHERITED = """
import os, subprocess, sys
from selfhealingd.supervise.descriptors import Descriptors

mine, shown = Descriptors(), ["ls", "/proc/self/fd"]
os.dup2(os.open(os.devnull, os.O_RDONLY), 9)
print(*subprocess.check_output(shown, text=True, close_fds=False).split(), mine.private)
mine.keep_private()
print(*subprocess.check_output(shown, text=True, close_fds=False).split(), mine.private)
"""


def test_what_was_inherited_goes_no_further() -> None:
    """A child has its three, and the one by which it looks, and closed none."""
    ran = subprocess.run(  # noqa: TID251 - what it inherits is not the tests'
        [sys.executable, "-c", INHERITED],
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert [
        "0 1 2 3 9 False",
        "0 1 2 3 True",
    ] == ran.stdout.splitlines(), ran.stderr


def test_no_limit_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is none, nothing is raised."""
    unlimited = (resource.RLIM_INFINITY,) * 2
    monkeypatch.setattr(resource, "getrlimit", lambda _: unlimited)
    assert 7000 == Descriptors().allow(7000)
