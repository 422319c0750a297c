"""``kill -9`` of the daemon, and the start after it."""

import os
import signal
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import trio
from harness import (
    Document,
    House,
    after,
    breaker,
    hopeless,
    lives,
    programs,
    said,
    sh,
    soon,
    well,
)

pytestmark = pytest.mark.process

TICK = {"command": "true", "every": "1h"}

ALONE = """
exec 9>>{name}.lock
flock -n 9 || echo $$ >> overlaps
echo $$ >> {name}.pids
{then}
"""
"""A program that would show if two of it ran at once: a lock goes with its process."""


def alone(name: str, then: str = "exec sleep 1000", **keys: object) -> Document:
    script = ALONE.replace("{name}", name).replace("{then}", then)
    return sh(script, directory=".", **keys)


async def dormant(house: House) -> Document:
    """Wait until the engine is said to be dormant; return the status.

    What was said was written; what status shows may be newer by a moment.
    """
    await house.until(
        said(
            breaker="self-healing-main", kind="breaker.changed", after="PERMANENT_OPEN"
        )
    )
    return await house.until_status(lambda s: bool(s["selfHealing"]["isDormant"]))


def damage(how: bytes | None, *files: Path) -> None:
    """Put bytes in place of files, or (None) cut them in half."""
    for file in files:
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2] if how is None else how)


async def test_dormant_stays_dormant(house: House) -> None:
    """A restart of the daemon does not leave dormant mode; --resume does."""
    house.write({"only": hopeless()})
    await house.start()
    before = await dormant(house)
    await house.kill9()
    await house.start()
    status = await house.call("status")
    assert before["selfHealing"] == status["selfHealing"]
    assert "critical" == status["status"]
    for old, new in zip(
        before["circuitBreakers"], status["circuitBreakers"], strict=True
    ):
        times = [datetime.fromisoformat(b.pop("changedAt")) for b in (old, new)]
        assert abs((times[1] - times[0]).total_seconds()) < 1
        assert old == new
    assert 0 == await house.stop()
    await house.start()
    assert (await house.call("status"))["selfHealing"]["isDormant"]
    await house.kill9()
    await house.start("--resume", "cause removed")
    status = await house.call("status")
    assert not status["selfHealing"]["isDormant"]
    assert "cause removed" == breaker(status, "self-healing-main")["changeReason"]


async def test_dormant_heals_nothing_and_runs_on(house: House) -> None:
    """What runs while dormant goes on; what crashes then stays down."""
    # Two of three fail: systemic. The third is well.
    house.write({"a": hopeless(), "b": hopeless(), "web": well()})
    await house.start()
    await dormant(house)
    pids = await house.running("web")
    os.kill(pids["web"], signal.SIGKILL)
    status = await house.until_status(lambda s: programs(s)["web"]["state"] == "EXITED")
    assert "dormant" in programs(status)["web"]["next"]
    await house.call("start", names=["web"])
    await house.running("web")


async def test_an_open_breaker_keeps_what_is_left_of_its_time(house: House) -> None:
    """It is OPEN until the same time as before; then it tries."""
    house.write(
        {"bad": hopeless(), "w1": well(), "w2": well()},
        healing={"open_after": 2, "open_secs": 6},
    )
    await house.start()
    await house.until(said("is OPEN for", breaker="program:bad"))
    before = breaker(await house.call("status"), "program:bad")
    await house.kill9()
    await house.start()
    now = breaker(await house.call("status"), "program:bad")
    assert ("OPEN", before["failureCount"]) == (now["state"], now["failureCount"])
    left = [datetime.fromisoformat(one["openUntil"]) for one in (before, now)]
    assert abs((left[1] - left[0]).total_seconds()) < 1  # of six
    [tried] = await house.until(after("STARTING", "bad"))
    assert datetime.fromisoformat(tried["at"]) >= left[0] - timedelta(seconds=1)


async def test_counters_tasks_stops_and_flags_are_as_they_were(house: House) -> None:
    """What people and the engine did is not forgotten."""
    tasks = {"tick": TICK, "tock": TICK}
    house.write({"web": well(), "off": well(), "job": sh("sleep 0.3")}, tasks=tasks)
    house.flags.write_text("FEATURE_PREVENTIVE_HEALING_ENABLED=false\n")
    await house.start()
    pids = await house.running("web", "off")
    os.kill(pids["web"], signal.SIGKILL)
    await house.until(said("healed", kind="incident.ended"))
    await house.until(after("EXITED", "job"))
    await house.call("pause-all")
    await house.call("unregister", id="tock")
    await house.call("stop", names=["off"])
    await house.until(after("STOPPED", "off"))
    before = await house.call("status")
    await house.kill9()
    await house.start()
    await house.running("web")
    status = await house.call("status")
    assert before["selfHealing"] == status["selfHealing"]
    assert 1 == status["selfHealing"]["successfulHealings"]
    assert before["flags"]["values"] == status["flags"]["values"]
    assert not status["flags"]["values"]["FEATURE_PREVENTIVE_HEALING_ENABLED"]
    shown = status["backgroundTasks"]["tasks"]
    every = ("self-check", "stray-check", "sample", "tick")
    assert dict.fromkeys(every, "paused") == {
        task["id"]: task["state"] for task in shown
    }
    off, job = programs(status)["off"], programs(status)["job"]
    assert ("STOPPED", None, False) == (off["state"], off["pid"], off["wanted"])
    assert ("EXITED", 1) == (job["state"], job["runs"])


async def test_leftovers_end_before_anything_runs_again(house: House) -> None:
    """What a program left behind that ended meanwhile is stopped; then it is healed."""
    tree = 'sleep 1000 & setsid sh -c "sleep 1000 & sleep 1000" & wait'
    house.write({"web": alone("web"), "tree": alone("tree", tree)})
    await house.start()
    first = await house.running("web", "tree")
    await soon(lambda: len(house.marked()) >= 6)
    await house.call("reload")  # what was so far is written
    await house.kill9()
    os.kill(first["tree"], signal.SIGKILL)
    await soon(lambda: not lives(first["tree"]))
    left = house.marked().keys() - first.values()
    await house.start()
    now = await house.running("web", "tree")
    assert [] == [pid for pid in left if lives(pid)]
    assert first["web"] == now["web"]
    assert set(now.values()) <= house.marked().keys()
    assert not (house.root / "overlaps").exists()
    await house.logged("stopping what an earlier daemon left running")


async def test_killed_in_a_burst_of_restarts_nothing_runs_twice(house: House) -> None:
    """Several rounds, each killed at another event, while programs come and go."""
    names = [f"p{n}" for n in range(6)]
    house.write(
        {name: alone(name, "sleep 0.1; exit 1", startsecs=0.05) for name in names},
        healing={"permanent_after": 1000, "dormant_after": 1000, "open_after": 1000},
    )
    for number in (3, 10, 20, 41, 80):
        await house.start()
        async with house.events() as events:
            for _ in range(number):
                await events.next()
        await house.kill9()
    house.change(**{name: alone(name) for name in names})
    await house.start()
    pids = await house.running(*names)
    assert not (house.root / "overlaps").exists(), house.log()
    assert set(pids.values()) == house.marked().keys()
    started = [
        pid
        for name in names
        for pid in (house.root / f"{name}.pids").read_text().split()
    ]
    assert set(pids.values()) == {pid for pid in map(int, started) if lives(pid)}


@pytest.mark.parametrize(
    "how", [None, b"", b"\x00\xff\x00garbage" * 99], ids=["cut", "empty", "garbage"]
)
async def test_a_damaged_state_gives_way_to_its_backup(
    house: House, how: bytes | None
) -> None:
    """Set aside, the backup used, and status says so until a person looked."""
    house.write({"only": hopeless(), "off": well()})
    await house.start()
    await house.call("stop", names=["off"])
    before = await dormant(house)
    await house.ctl("pause-all")  # one more write, so that the backup is dormant, too
    await house.ctl("resume-all")
    await house.kill9()
    damage(how, house.state)
    await house.start()
    status = await house.until_status(
        lambda s: any("damaged state file" in words for words in s["issues"])
    )
    [aside] = house.state.parent.glob("state.toml.damaged-*")
    told = dict(zip(status["issues"], status["recommendations"], strict=True))
    assert any(str(aside) in words and "backup" in words for words in told)
    assert any(f"rm {aside}" in do for do in told.values())
    assert before["selfHealing"] == status["selfHealing"]
    assert "STOPPED" == programs(status)["off"]["state"]
    await house.logged("The backup")


async def test_a_state_that_is_lost_altogether_is_dormant(house: House) -> None:
    """Whether it was dormant nobody knows: a person decides."""
    house.write({"web": well()})
    await house.start()
    await house.running("web")
    await house.ctl("pause-all")
    await house.ctl("resume-all")
    await house.kill9()
    backup = house.state.with_name("state.toml.backup")
    damage(b"?", house.state, backup)
    await house.start()
    status = await house.call("status")
    assert status["selfHealing"]["isDormant"]
    assert "lost" in status["selfHealing"]["dormantReason"]
    await house.running("web")
    await house.kill9()
    await house.start()
    assert (await house.call("status"))["selfHealing"]["isDormant"]
    assert 0 == (await house.ctl("resume", "--reason", "seen")).status
    assert not (await house.call("status"))["selfHealing"]["isDormant"]


async def test_a_newer_state_is_refused_with_words(house: House) -> None:
    """It is neither used nor overwritten; nothing is started; status 4."""
    house.write({"web": sh("touch started; exec sleep 1000", directory=".")})
    house.state.parent.mkdir(mode=0o700)
    text = 'version = 99\nfuture = "unknown"\n\n# end\n'
    house.state.write_text(text)
    await house.spawn()
    assert 4 == await house.wait()
    assert "has version 99, and this daemon knows 1" in house.log()
    assert "Traceback" not in house.log()
    assert text == house.state.read_text()
    assert not (house.root / "started").exists()
    assert not house.socket.exists()


async def test_a_fresh_start_has_no_notes(house: House) -> None:
    """No state at all is no loss: healthy, not dormant."""
    house.write({"web": well()})
    await house.start()
    await house.running("web")
    status = await house.call("status")
    assert ("healthy", [], False) == (
        status["status"],
        status["issues"],
        status["selfHealing"]["isDormant"],
    )


async def test_what_a_killed_daemon_forked_does_not_keep_the_next_one_out(
    house: House,
) -> None:
    """A child between fork and exec still has the lock; it is waited for a moment."""
    house.write({"web": well()})
    house.state.parent.mkdir(mode=0o700)
    lock = house.state.with_name("lock")
    held = house.root / "held"
    script = f"flock {lock} sh -c ': > {held}; exec sleep 0.9'"
    async with trio.open_nursery() as nursery:
        await nursery.start(trio.run_process, ["sh", "-c", script])
        await soon(held.exists)
        await house.start()
    await house.running("web")


STUBBORN = "trap '' TERM; sleep 1000 & trap - TERM; wait"


async def left_behind(house: House, **keys: object) -> int:
    """Have a program end without a daemon, and leave one who is deaf to SIGTERM."""
    house.write({"stubborn": sh(STUBBORN, **keys), "web": well()})
    await house.start()
    pids = await house.running("stubborn", "web")
    await soon(lambda: len(house.marked()) >= 3)
    await house.call("reload")  # what was so far is written
    await house.kill9()
    os.kill(pids["stubborn"], signal.SIGKILL)
    await soon(lambda: not lives(pids["stubborn"]))
    [left] = house.marked().keys() - pids.values()
    return left


async def test_one_stubborn_leftover_holds_back_nothing_else(house: House) -> None:
    """The others go on, status answers, and says what is being waited for."""
    left = await left_behind(house, stopwaitsecs=60)
    await house.start()
    await house.running("web")
    status = await house.call("status")
    assert "STOPPING" == programs(status)["stubborn"]["state"]
    [issue] = [words for words in status["issues"] if "left running" in words]
    assert f"pid {left}" in issue
    assert lives(left)
    os.kill(left, signal.SIGKILL)
    await house.running("stubborn")
    status = await house.call("status")
    assert not [words for words in status["issues"] if "left running" in words]


async def test_impatience_ends_leftovers_too(house: House) -> None:
    """A second SIGTERM kills what the first one would have waited for."""
    left = await left_behind(house, stopwaitsecs=3600)
    await house.start()
    house.signal(signal.SIGTERM)
    await house.logged("shutting down")

    def again() -> bool:
        assert house.daemon is not None
        house.signal(signal.SIGTERM)
        return house.daemon.poll() is not None

    await soon(again)
    assert 0 == await house.wait()
    assert not lives(left)
    assert {} == house.marked()
