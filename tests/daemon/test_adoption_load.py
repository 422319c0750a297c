"""Many programs that write as fast as they can, and a daemon that dies meanwhile."""

import random
from contextlib import suppress
from pathlib import Path

import pytest
import trio
from harness import House, execute, sh, soon

from selfhealingd.supervise.output.rotation import older

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

PROGRAMS = 50
KILLS = 20
LINES = 400_000
LONGEST_SECS = 0.2


async def test_each_line_is_there_once_however_often_the_daemon_dies(
    house: House,
) -> None:
    """At random moments of its life, its start included; the programs never notice."""
    names = [f"p{n}" for n in range(PROGRAMS)]
    writes = f"until [ -e go ]; do sleep 0.1; done; seq 1 {LINES}; exec sleep 1000"
    house.write(
        {
            name: sh(
                writes,
                directory=".",
                stdout_logfile_maxbytes="200KiB",
                stdout_logfile_backups=1000,
            )
            for name in names
        }
    )
    await house.start()
    pids = await house.running(*names)
    seed = random.randrange(2**32)  # noqa: S311 - nothing secret
    moments = random.Random(seed)  # noqa: S311
    (house.root / "go").touch()
    for number in range(KILLS):
        await trio.sleep(moments.uniform(0, LONGEST_SECS))
        await house.kill9()
        daemon = await house.spawn()
        if number % 4 or number == KILLS - 1:
            await house.answers(daemon)  # so that it dies at work, not only on its way
    assert pids == await house.running(*names)
    logs = [house.root / "logs" / f"{name}.log" for name in names]
    size = sum(len(str(number)) + 1 for number in range(1, LINES + 1))
    await soon(lambda: all(written(log) >= size for log in logs), seconds=200)
    for log in logs:
        script = f'cat "$@" >all; seq 1 {LINES} | cmp - all'
        files = map(str, pieces(log))
        ran = await execute("sh", "-c", script, "sh", *files, cwd=house.root)
        assert (0, "", "") == (ran.status, ran.out, ran.err), f"{log}, seed {seed}"
    assert pids == await house.running(*names)
    assert 0 == await house.stop()


def written(log: Path) -> int:
    """Return how many bytes are in a log and in all its older ones.

    Less in the middle of a rotation.
    """
    size = 0
    for piece in pieces(log):
        with suppress(FileNotFoundError):
            size += piece.stat().st_size
    return size


def pieces(log: Path) -> list[Path]:
    """Return a log with all its older ones, the oldest first."""
    names = [names[0] for _, names in older(log)]
    return [*(log.with_name(name) for name in reversed(names)), log]
