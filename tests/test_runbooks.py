"""Commands that may heal are run, told what is wrong, and leave nothing behind."""

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio
from harness import DEADLINE, lives, soon
from msgspec.structs import replace

from selfhealingd.config import Config, load_config
from selfhealingd.core.events import CommandEnded
from selfhealingd.core.host import Host, Service
from selfhealingd.core.incident import Attempt, Cause, Ending, Incident, close
from selfhealingd.core.life import Running
from selfhealingd.core.policy import Policy
from selfhealingd.core.snapshot import Anchor
from selfhealingd.loop import Loop
from selfhealingd.runbooks import Runbooks
from selfhealingd.supervise import reaper

pytestmark = pytest.mark.process

ATTEMPT = Attempt(
    number=3, remedy="run r", began=0, deadline=9e9, ticket=1, main_ticket=1
)
INCIDENT = Incident(
    id="web-7",
    service="web",
    cause=Cause.PROBE,
    detail="liveness: refused",
    opened=0,
    attempts=(ATTEMPT,),
)
WEB = Service(
    name="web",
    wanted=True,
    run=2,
    life=Running(at=0, pid=os.getpid()),
    incident=INCIDENT,
)
CONFIG = """
[runbook.r]
command = ["sh", "-c", '''{script}''']
timeout = {timeout}
environment = {{ OWN = "own" }}
[program.web]
command = "web"
{reload}
"""


class Bench:
    """Runbooks with a loop in which the attempt is under way until we say not."""

    def __init__(self, config: Config) -> None:
        self.loop = Loop(
            Policy(),
            Host(services={"web": WEB}),
            Anchor(0, datetime(2026, 11, 26, tzinfo=UTC)),
            memory=None,  # type: ignore[arg-type] # nothing is decided here
            tell=lambda _event: None,
            on_fault=lambda _event, _fault: None,
        )
        self.ended: list[CommandEnded] = []
        self.signals: list[tuple[str, int, int]] = []
        self.runbooks = Runbooks(
            "mark",
            self.loop,
            lambda: config,
            signal=lambda *sent: self.signals.append(sent),
            report=self.report,
        )

    async def report(self, ended: CommandEnded) -> None:
        self.ended.append(ended)

    async def problem(self, runbook: str | None) -> str | None:
        with trio.fail_after(DEADLINE):
            await self.runbooks.carry_out("web", "web-7", 3, runbook)
        [ended] = self.ended
        assert ("web", "web-7", 3) == (ended.service, ended.incident, ended.attempt)
        return ended.problem

    def move(self, service: Service | None) -> None:
        """Let it be decided otherwise."""
        self.loop.host = Host(services={} if service is None else {"web": service})
        self.loop.moved.set()
        self.loop.moved = trio.Event()


Make = Callable[..., Bench]


@pytest.fixture
async def make(tmp_path: Path, nursery: trio.Nursery) -> Make:
    await nursery.start(reaper.serve)

    def make(script: str, *, timeout: float = DEADLINE, reload: str = "") -> Bench:
        file = tmp_path / "main.toml"
        file.write_text(CONFIG.format(script=script, timeout=timeout, reload=reload))
        return Bench(load_config(file, environ={}, uid=os.getuid()))

    return make


async def begun(file: Path) -> list[int]:
    """Wait until a command has told its pids."""

    def told() -> bool:
        return file.exists() and file.read_text().endswith("\n")

    await soon(told)
    return _pids(file)


def _pids(file: Path) -> list[int]:
    return [int(pid) for pid in file.read_text().split()]


async def test_it_is_told_what_is_wrong(make: Make, tmp_path: Path) -> None:
    """It finds service, pid, incident, cause, words and attempt in its environment."""
    out = tmp_path / "out"
    script = (
        'echo "$OWN|$SELFHEALINGD_SERVICE|$SELFHEALINGD_PID|$SELFHEALINGD_INCIDENT|'
        '$SELFHEALINGD_CAUSE|$SELFHEALINGD_DETAIL|$SELFHEALINGD_ATTEMPT"'
        f" > {out}"
    )
    assert await make(script).problem("r") is None
    told = f"own|web|{os.getpid()}|web-7|probe|liveness: refused|3\n"
    assert told == out.read_text()


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo one; echo two >&2; exit 4", "exited with status 4: two"),
        ("kill -USR1 $$", "killed by SIGUSR1"),
        ("exit 0", None),
    ],
)
async def test_its_end_is_its_result(
    make: Make, script: str, problem: str | None
) -> None:
    """Status 0 is success; all else is told with its last line."""
    assert problem == await make(script).problem("r")


async def test_its_deadline_ends_it_with_all_it_started(
    make: Make, tmp_path: Path
) -> None:
    """What hangs is over at its timeout, and so is a child that ignores SIGTERM."""
    pids = tmp_path / "pids"
    script = f'(trap "" TERM; sleep 600) & echo $! $$ > {pids}; sleep 600'
    bench = make(script, timeout=0.5)
    assert await bench.problem("r") == "timed out after 0.5 s"
    assert [False, False] == [lives(pid) for pid in _pids(pids)]


@pytest.mark.parametrize(
    "after",
    [
        None,
        replace(WEB, incident=close(INCIDENT, ending=Ending.OPERATOR, now=1)),
        replace(WEB, incident=replace(INCIDENT, id="web-8")),
        replace(
            WEB, incident=replace(INCIDENT, attempts=(replace(ATTEMPT, number=4),))
        ),
    ],
    ids=["no such service", "stopped by the operator", "another one", "next attempt"],
)
async def test_nobody_waits_for_it(
    make: Make, tmp_path: Path, nursery: trio.Nursery, after: Service | None
) -> None:
    """Once its attempt is over, whoever ended it, the command is ended, too."""
    file = tmp_path / "pids"
    bench = make(f"sleep 600 & echo $! $$ > {file}; wait")
    done = trio.Event()

    async def carry_out() -> None:
        assert await bench.problem("r") == "nobody waits for it any more"
        done.set()

    nursery.start_soon(carry_out)
    pids = await begun(file)
    bench.move(replace(WEB, cleared=1.0))  # something else happened: no reason to end
    await trio.testing.wait_all_tasks_blocked(0.05)
    assert not done.is_set()
    bench.move(after)
    with trio.fail_after(DEADLINE):
        await done.wait()
    assert [False, False] == [lives(pid) for pid in pids]


async def test_the_end_of_the_daemon_ends_it(
    make: Make, tmp_path: Path, nursery: trio.Nursery
) -> None:
    """A cancel leaves nothing behind, and reports nothing."""
    file = tmp_path / "pids"
    bench = make(f"sleep 600 & echo $! $$ > {file}; wait")
    scope = trio.CancelScope()
    done = trio.Event()

    async def carry_out() -> None:
        with scope:
            await bench.runbooks.carry_out("web", "web-7", 3, "r")
        done.set()

    nursery.start_soon(carry_out)
    pids = await begun(file)
    scope.cancel()
    with trio.fail_after(DEADLINE):
        await done.wait()
    assert [False, False] == [lives(pid) for pid in pids]
    assert [] == bench.ended


async def test_reload_by_signal(make: Make) -> None:
    """The signal goes to the run that is up, and the attempt is made."""
    bench = make("exit 1", reload="reload = 'USR2'")
    assert await bench.problem(None) is None
    assert [("web", 2, signal.SIGUSR2)] == bench.signals


async def test_reload_by_command(make: Make, tmp_path: Path) -> None:
    """The command is told the pid of what it is to reload."""
    out = tmp_path / "out"
    reload = f"""reload = ["sh", "-c", "echo $SELFHEALINGD_PID > {out}"]"""
    assert await make("exit 1", reload=reload).problem(None) is None
    assert f"{os.getpid()}\n" == out.read_text()


@pytest.mark.parametrize("runbook", ["gone", None])
async def test_what_is_not_there_any_more(make: Make, runbook: str | None) -> None:
    """A reload of the config may take it away between decision and deed."""
    problem = await make("exit 0").problem(runbook)
    assert problem is not None
    assert "any more" in problem


async def test_a_command_that_cannot_be_started(make: Make) -> None:
    """The reason is the attempt's result."""
    bench = make("exit 0", reload='reload = ["/nonexistent/reload"]')
    problem = await bench.problem(None)
    assert problem is not None
    assert "/nonexistent/reload" in problem
