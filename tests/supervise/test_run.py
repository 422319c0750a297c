"""A task runs to its end, or is ended; nothing of it remains either way."""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio

from selfhealingd.core.launch import Launch
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.identity import read_stat
from selfhealingd.supervise.run import Ran, run_to_end

Run = Callable[..., Awaitable[Ran]]
pytestmark = pytest.mark.process


@pytest.fixture
async def run(reaping: None) -> Run:  # noqa: ARG001 - what is left must come to us
    return run_to_end


def _sh(text: str) -> Launch:
    return Launch(argv=("/bin/sh", "-c", text))


def _py(code: str) -> Launch:
    return Launch(argv=(sys.executable, "-u", "-c", code))


def _ended(pid: int) -> bool:
    stat = read_stat(pid)
    return stat is None or stat.gone  # who inherits a zombie reaps it when it likes


async def test_ends_by_itself(run: Run) -> None:
    """Code and merged output are those of the command."""
    ran = await run(_sh("echo out; echo err >&2; exit 3"), {}, timeout=20)
    assert (3, None, False) == (ran.code, ran.signal, ran.timed_out)
    assert ran.tail == "out\nerr\n"
    assert ran.survivors == ()
    assert ran.seconds >= 0


async def test_ends_by_signal(run: Run) -> None:
    """A death by signal names it."""
    ran = await run(_sh("kill -USR1 $$"), {}, timeout=20)
    assert (None, signal.SIGUSR1) == (ran.code, ran.signal)


@pytest.mark.parametrize("limit", [0, 1, 10, 4096])
async def test_only_the_last_is_kept(run: Run, limit: int) -> None:
    """Of much output the last bytes are kept, and the writer never blocks for good."""
    launch = _py("print('x' * 3_000_000 + 'the end', end='')")
    ran = await run(launch, {}, timeout=60, output_limit=limit)
    assert ran.code == 0
    assert ("x" * 4096 + "the end")[4103 - limit :] == ran.tail


async def test_stdin(run: Run) -> None:
    """What is to be read is there, to its end, however slowly it is read."""
    text = b"\xff" * 3_000_000
    ran = await run(_sh("sleep 0.1; wc -c"), {}, timeout=60, stdin=text)
    assert ran.tail.strip() == "3000000"
    assert ran.code == 0


async def test_stdin_that_nobody_reads(run: Run) -> None:
    """A command that leaves it is not held up, and nor is who started it."""
    ran = await run(_sh("exit 3"), {}, timeout=60, stdin=b"x" * 3_000_000)
    assert ran.code == 3


async def test_stdin_can_be_opened_again(run: Run) -> None:
    """As ``/dev/stdin``, which is how some programs are told to read it."""
    ran = await run(_sh("cat /dev/stdin"), {}, timeout=60, stdin=b"event")
    assert ran.tail == "event"


async def test_no_stdin(run: Run) -> None:
    """Without any there is nothing to read, at once."""
    ran = await run(_sh("wc -c"), {}, timeout=60)
    assert ran.tail.strip() == "0"


async def test_undecodable_output(run: Run) -> None:
    """Bytes that are no text do not break the tail."""
    ran = await run(_sh(r"printf 'a\377b'"), {}, timeout=20)
    assert ran.tail == "a\ufffdb"


async def test_timeout_terminates(run: Run) -> None:
    """After its time a command gets SIGTERM, and its last words are kept."""
    text = "trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 600; done"
    with trio.fail_after(30):
        ran = await run(_sh(text), {}, timeout=1)
    assert ran.timed_out
    assert (9, None) == (ran.code, ran.signal)
    said = ran.tail.split()  # some shells also tell of the sleep's end
    assert ("ready", "bye") == (said[0], said[-1])


async def test_timeout_kills_what_ignores_sigterm(run: Run) -> None:
    """A command that ignores SIGTERM, with its children, is killed 2 s later."""
    with trio.fail_after(30):
        ran = await run(
            _sh("trap '' TERM; sleep 600 & echo $! $$; wait; sleep 600"),
            {},
            timeout=1,
        )
    assert ran.timed_out
    assert ran.signal == signal.SIGKILL
    assert all(_ended(int(pid)) for pid in ran.tail.split()[1:])
    assert ran.survivors == ()


async def test_a_grandchild_that_keeps_the_pipe(run: Run) -> None:
    """A background process that keeps the output open hangs nothing, and is ended."""
    with trio.fail_after(20):
        ran = await run(_sh("sleep 600 & echo $!"), {}, timeout=15)
    assert (0, False) == (ran.code, ran.timed_out)
    assert _ended(int(ran.tail))


async def test_an_escapee_that_keeps_the_pipe(run: Run) -> None:
    """A process that left the session, and holds the output open, is ended, too."""
    code = (
        "import os, time\n"
        "reader, writer = os.pipe()\n"
        "if not os.fork():\n"
        "    os.setsid()\n"
        "    print(os.getpid())\n"
        "    os.write(writer, b'x')\n"
        "    time.sleep(600)\n"
        "os.read(reader, 1)\n"
    )
    with trio.fail_after(20):
        ran = await run(_py(code), {"SELFHEALINGD_TASK": "escape"}, timeout=15)
    assert (0, False) == (ran.code, ran.timed_out)
    assert _ended(int(ran.tail))
    assert ran.survivors == ()


async def test_cancelled(run: Run, tmp_path: Path) -> None:
    """Cancelled, it ends its command before it lets the cancel go on."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    pids: list[int] = []
    with trio.fail_after(30), trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            launch = _sh(f"sleep 600 & echo $! $$ > {fifo}; wait")
            nursery.start_soon(lambda: run(launch, {}, timeout=60))
            async with await trio.open_file(fifo) as said:
                pids += [int(pid) for pid in (await said.readline()).split()]
            scope.cancel()
    assert len(pids) == 2
    assert all(_ended(pid) for pid in pids)


async def test_failed_start(run: Run) -> None:
    """What can't start raises SpawnError, as it is."""
    with pytest.raises(SpawnError, match="cannot start '/no/such'"):
        await run(Launch(argv=("/no/such",)), {}, timeout=20)


async def test_fifty_runs_leave_nothing(
    run: Run, footprint: Callable[[], tuple[list[str], bool]]
) -> None:
    """Fifty runs cost no descriptor and leave no child."""
    before = footprint()
    for _ in range(50):
        await run(_sh("echo"), {}, timeout=20)
    assert before == footprint()
