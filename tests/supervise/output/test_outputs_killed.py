"""Not a byte is lost, and none is there twice, over kills of the daemon."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from selfhealingd.supervise.output.fifo import Fifo, fifo_path
from selfhealingd.supervise.output.rotation import older

pytestmark = pytest.mark.process
WRITERS = 4
KILLS = 20

_WRITE = """
import itertools, os, select
for batch in itertools.count():
    if select.select([0], [], [], 0)[0]:
        break
    os.write(1, b"".join(b"%09d\\n" % n for n in range(batch * 500, batch * 500 + 500)))
print(batch * 500, file=__import__("sys").stderr)
"""

# Forks a daemon per line of its stdin, so that none has to be imported again.
_FORK = """
import os, sys, trio
from pathlib import Path
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.core.output import LogTo

run, logs, writers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])

async def daemon():
    outputs = Outputs(run)
    async with trio.open_nursery() as nursery:
        await nursery.start(outputs.run)
        for n in range(writers):
            outputs.open(f"w{n}", LogTo(
                path=logs / f"w{n}.log", max_bytes=1_000_003, backups=10_000,
                compress=n == 0))
        if os.environ.get("LAST"):
            for n in range(writers):
                assert await outputs.drain(f"w{n}", 60)
            nursery.cancel_scope.cancel()
        await trio.sleep_forever()

for line in sys.stdin:
    if line == "last\\n":
        os.environ["LAST"] = "1"
    pid = os.fork()
    if pid == 0:
        trio.run(daemon)
        os._exit(0)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Daemons:
    """Daemons, one after the other."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def next(self, word: str) -> int:
        """Start one; return its pid."""
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self._said()

    def end(self) -> int:
        """Return how the last one ended."""
        return self._said()

    def _said(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


@contextmanager
def _daemons(run: Path, logs: Path) -> Iterator[Daemons]:
    argv = [sys.executable, "-c", _FORK, str(run), str(logs), str(WRITERS)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    ) as process:
        try:
            yield Daemons(process)
        finally:
            process.kill()


@contextmanager
def _writers(run: Path) -> Iterator[list["subprocess.Popen[bytes]"]]:
    writers = []
    for number in range(WRITERS):
        fifo = Fifo(fifo_path(run / "output", f"w{number}", "stdout"), None)
        argv = [sys.executable, "-c", _WRITE]
        pipe = subprocess.PIPE
        writers.append(
            subprocess.Popen(argv, stdin=pipe, stdout=fifo.for_child(), stderr=pipe)
        )
        fifo.close()
    try:
        yield writers
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
            for file in (writer.stdin, writer.stderr):
                assert file is not None
                file.close()


def test_every_line_exactly_once(
    tmp_path: Path, whole: Callable[[Path], bytes]
) -> None:
    """Killed 20 times while it moves and rotates, the daemon loses and doubles none."""
    run, logs = tmp_path / "run", tmp_path / "logs"
    chance = random.Random(20261123)  # noqa: S311 - repeatable
    with _writers(run) as writers, _daemons(run, logs) as daemons:
        for _ in range(KILLS):
            pid = daemons.next("go")
            # When it is hit does not matter, so that this wait proves nothing.
            with subprocess.Popen(["sleep", f"{chance.uniform(0, 0.15)}"]) as pause:
                pause.wait()
            os.kill(pid, signal.SIGKILL)
            assert -signal.SIGKILL == daemons.end()
        pid = daemons.next("go")
        totals = []
        keepers = [
            Fifo(fifo_path(run / "output", f"w{n}", "stdout"), None)
            for n in range(WRITERS)
        ]  # a FIFO that nobody has open forgets what is in it
        for writer in writers:
            assert writer.stdin is not None
            assert writer.stderr is not None
            writer.stdin.close()
            totals.append(int(writer.stderr.read()))
        os.kill(pid, signal.SIGKILL)
        daemons.end()
        daemons.next("last")
        assert 0 == daemons.end()
        for keeper in keepers:
            keeper.close()
    for number, total in enumerate(totals):
        text = whole(logs / f"w{number}.log")
        assert b"".join(b"%09d\n" % n for n in range(total)) == text
    assert any(list(older(logs / f"w{number}.log")) for number in range(WRITERS))
