"""Descriptors end up where they belong, whatever numbers they had before."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import selfhealingd

pytestmark = pytest.mark.process

SCRIPT = """
import json, os, socket, sys
from selfhealingd.core.launch import Launch
from selfhealingd.core.listening import Inet, Listening
from selfhealingd.supervise.handles import Handles
from selfhealingd.supervise.spawn import spawn
from selfhealingd.supervise.errors import SpawnError
os.closerange(3, 100)
sources = json.loads(sys.argv[1])
made = [socket.socketpair(socket.AF_UNIX) for _ in sources]
inodes = {os.fstat(pair[0].fileno()).st_ino: i for i, pair in enumerate(made)}
high = [os.dup(pair[0].fileno()) for pair in made]
high = [os.dup2(fd, 60 + i) for i, fd in enumerate(high)]
os.closerange(3, 60)
for fd, source in zip(high, sources):
    os.dup2(fd, source)
os.closerange(60, 100)
names = [f"s{i}" for i in range(len(sources))]
launch = Launch(
    argv=tuple(sys.argv[2:]),
    sockets=tuple(Listening(name=n, address=Inet("::1", 1)) for n in names),
)
r, w = os.pipe()
os.dup2(r, 71), os.dup2(w, 72)
try:
    child = spawn(launch, marks={}, handles=Handles(72, 72, tuple(sources)))
except SpawnError as error:
    print(json.dumps({"error": str(error)}))
    sys.exit()
os.waitid(os.P_PID, child.pid, os.WEXITED)
said = json.loads(os.read(71, 65536))
said["found"] = [inodes.get(inode) for inode in said["inodes"]]
print(json.dumps({"pid": child.pid, **said}))
"""
SHOW = """
import json, os
fds = sorted(int(n) for n in os.listdir("/proc/self/fd"))
there = [n for n in fds if os.path.exists(f"/proc/self/fd/{n}")]
n = int(os.environ["LISTEN_FDS"])
print(json.dumps({
    "fds": there, "n": n, "own": os.getpid(), "told": os.environ["LISTEN_PID"],
    "names": os.environ["LISTEN_FDNAMES"],
    "inodes": [os.fstat(fd).st_ino for fd in range(3, 3 + n)],
}))
"""


def handed(sources: list[int], *command: str) -> dict[str, Any]:
    """Spawn from a process whose sockets have these numbers; return what is seen."""
    top = Path(selfhealingd.__file__).parents[1]
    said = subprocess.check_output(
        [sys.executable, "-c", SCRIPT, json.dumps(sources), *command],
        env={"PYTHONPATH": str(top), "PATH": "/usr/bin:/bin"},
        timeout=60,
    )
    found: dict[str, Any] = json.loads(said)
    return found


@pytest.mark.parametrize(
    "sources",
    [
        [3],
        [4, 3],
        [5, 3, 4],
        [9, 10, 11],  # where the pipes of the spawn are is where these must go
        [4, 40, 3, 5, 6, 7, 8],
    ],
)
def test_whatever_their_numbers_were(sources: list[int]) -> None:
    """From 3 on in their order, and nothing else; the pid is the program's own."""
    seen = handed(sources, sys.executable, "-S", "-E", "-c", SHOW)
    count = len(sources)
    assert list(range(count)) == seen["found"]
    assert list(range(3 + count)) == seen["fds"]
    assert str(seen["pid"]) == seen["told"]
    assert seen["pid"] == seen["own"]
    assert ":".join(f"s{i}" for i in range(count)) == seen["names"]


@pytest.mark.parametrize("sources", [[3], [9, 10, 11]])
@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("no-such-tool", "not found in PATH=/usr/bin:/bin"),
        ("/no/such/tool", "cannot start '/no/such/tool'"),
        ("/etc/passwd", "is not executable; chmod +x it"),
    ],
)
def test_what_can_not_be_started(sources: list[int], command: str, words: str) -> None:
    """Is told as without sockets, even where they overrun subprocess's own pipe."""
    assert words in handed(sources, command)["error"]
