"""A dry run says what would be done, and touches nothing."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import tomli_w
import trio
from harness import House, execute, lives, said, soon, well

pytestmark = pytest.mark.process

ASKS = "import os, sys; sys.exit(os.path.exists(sys.argv[1]))"


@asynccontextmanager
async def rehearsed(house: House) -> AsyncIterator[trio.Process]:
    """Run the config dry for a block, beside what else runs; Ctrl-C ends it."""
    command = (sys.executable, "-m", "selfhealingd", "--dry-run")
    output = house.root / "dry"
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with output.open("ab") as file:
        process = await trio.lowlevel.open_process(
            [*command, "--config", str(house.config)],
            stdin=-3,
            stdout=file,
            stderr=file,
            env=environ,
        )
    try:
        yield process
        process.send_signal(signal.SIGINT)
        with trio.fail_after(20):
            assert 0 == await process.wait(), told(house)
    finally:
        if process.poll() is None:
            process.kill()
            await process.wait()


def told(house: House) -> str:
    return (house.root / "dry").read_text()


async def heard(house: House, *words: str) -> None:
    """Wait until a dry run says all of this."""
    try:
        await soon(lambda: all(one in told(house) for one in words), 20)
    except trio.TooSlowError as error:
        raise AssertionError(f"not all of {words} in\n{told(house)}") from error


async def test_nothing_is_started_bound_or_written(house: House) -> None:
    """What would be is said, and taken to be so; all that is there is the config."""
    house.write(
        {"web": well(), "db": well(readiness={"notify": True})},
        tasks={"t": {"command": f"touch {house.root}/ran", "every": 0.1}},
        on={"service-transition": {"command": f"touch {house.root}/hooked"}},
    )
    async with rehearsed(house):
        await heard(house, "web: would start it: sh", "db: running")
        await heard(house, "web: running, as it would be")
    assert "nothing was touched" in told(house)
    assert {} == house.marked()
    assert {"c.toml", "dry"} == {one.name for one in house.root.iterdir()}


async def test_what_another_daemon_runs_is_only_looked_at(house: House) -> None:
    """It is known by that daemon's state file; both go on as if alone."""
    house.write({"web": well(), "db": well()})
    await house.start()
    pids = await house.running("web", "db")
    await soon(house.state.exists)
    await soon(lambda: str(pids["db"]) in house.state.read_text())
    async with rehearsed(house):
        await heard(house, *(f"running, pid {pid}" for pid in pids.values()))
        assert "would" not in told(house)
        os.kill(pids["web"], signal.SIGKILL)
        await house.until(said("healed", kind="incident.ended", service="web"))
        again = (await house.running("web"))["web"]
        await heard(house, f"running, pid {again}")
    assert lives(pids["db"])
    assert (await house.running("db"))["db"] == pids["db"]


async def test_a_remedy_is_said_and_taken_to_help(house: House) -> None:
    """Once, until it has been well: then it is told again. Its process goes on."""
    ill, pidfile = house.root / "ill", house.root / "pid"
    process = await trio.lowlevel.open_process(["sleep", "1000"])
    pidfile.write_text(str(process.pid))
    house.write(
        {},
        watch={
            "web": {
                "pidfile": str(pidfile),
                "start": f"touch {house.root}/started",
                "restart": f"touch {house.root}/restarted",
                "startsecs": 0.1,
                "liveness": {
                    "exec": [sys.executable, "-c", ASKS, str(ill)],
                    "period": 0.2,
                    "failure_threshold": 1,
                },
            }
        },
    )
    try:
        async with rehearsed(house):
            await heard(house, f"running, pid {process.pid}")
            ill.touch()
            await heard(house, "web: would restart it", "healed, verified")
            await trio.sleep(1)  # it is as ill as before all the time
            assert 1 == told(house).count("would restart it"), told(house)
            ill.unlink()
            await heard(house, "web: well again by itself, or by somebody else")
            ill.touch()
            await soon(lambda: told(house).count("would restart it") == 2)
        assert process.poll() is None
        assert not (house.root / "restarted").exists()
        assert not (house.root / "started").exists()
        assert "failed" not in told(house)
    finally:
        process.kill()
        await process.wait()


@pytest.mark.parametrize(
    ("ladder", "words"),
    [("signal HUP", "would send SIGHUP"), ("run clear", "would run clear")],
)
async def test_what_restarts_nothing_is_only_said_too(
    house: House, ladder: str, words: str
) -> None:
    """Neither signals nor runbooks, of services and of the host, are carried out."""
    ill, pidfile, ran = house.root / "ill", house.root / "pid", house.root / "ran"
    process = await trio.lowlevel.open_process(["sleep", "1000"])
    pidfile.write_text(str(process.pid))
    ill.touch()
    house.write(
        {},
        daemon={"sample_interval": "100ms"},
        runbook={"clear": {"command": f"touch {ran}"}},
        host={"rules": [{"when": "memory > 1B for 1 sample", "remedy": "run clear"}]},
        watch={
            "web": {
                "pidfile": str(pidfile),
                "start": "false",
                "startsecs": 0.1,
                "healing": {"ladder": [ladder]},
                "liveness": {
                    "exec": [sys.executable, "-c", ASKS, str(ill)],
                    "period": 0.2,
                    "failure_threshold": 1,
                },
            }
        },
    )
    try:
        async with rehearsed(house):
            await heard(house, f"web: {words}", "healed, verified", "host: would run")
        assert process.poll() is None
        assert not ran.exists()
    finally:
        process.kill()
        await process.wait()


async def test_what_is_missing_would_be_started(house: House) -> None:
    """A watch without a process; and one that appears is seen then."""
    pidfile = house.root / "pid"
    house.write(
        {},
        watch={
            "web": {
                "pidfile": str(pidfile),
                "start": f"touch {house.root}/started",
                "startsecs": 0.1,
            }
        },
    )
    async with rehearsed(house):
        await heard(house, "web: would start it: touch")
        process = await trio.lowlevel.open_process(["sleep", "1000"])
        try:
            pidfile.write_text(str(process.pid))
            await heard(house, f"running, pid {process.pid}")
        finally:
            process.kill()
            await process.wait()
    assert not (house.root / "started").exists()


async def test_flags_are_read(house: House) -> None:
    """What is switched off is not even said to be done."""
    house.write({"web": well()})
    house.flags.write_text("FEATURE_AUTO_HEALING_ENABLED=false\n")
    async with rehearsed(house):
        await heard(house, "switched off: auto_healing")


async def test_words_that_do_not_go_together(house: House) -> None:
    """A dry run resumes nothing, and a config with mistakes is none."""
    house.write({"web": well()})
    command = (sys.executable, "-m", "selfhealingd", "--config", str(house.config))
    ran = await execute(*command, "--dry-run", "--resume", "x", cwd=house.root)
    assert (2, True) == (ran.status, "--resume" in ran.err)
    house.config.write_text(tomli_w.dumps({"program": {"web": {}}}))
    ran = await execute(*command, "--dry-run", cwd=house.root)
    assert 2 == ran.status
