"""``kill -9`` of the daemon is a non-event for its programs."""

import os
import shutil
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trio
from harness import (
    House,
    after,
    lives,
    programs,
    said,
    sh,
    soon,
    well,
)
from loghouse import Talker, ends_with

pytestmark = pytest.mark.process

DEAF = "trap '' TERM; echo > deaf; while :; do sleep 0.1; done"


async def killed(house: House) -> None:
    """Kill the daemon once what happened so far was written."""
    await house.call("reload")  # an operator's act is answered only then
    await house.kill9()


async def again(house: House) -> None:
    """Kill the daemon, and start it again."""
    await killed(house)
    await house.start()


def environ(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/environ").read_text().split("\0")


async def test_what_runs_runs_on(house: House) -> None:
    """Same pid, same run, since the same time; its end is seen, known, and healed."""
    house.write({"web": sh("trap 'exit 7' HUP; sleep 1000 & wait"), "other": well()})
    await house.start()
    pids = await house.running("web", "other")
    before = await house.program("web")
    for _ in range(3):
        await again(house)
        assert pids == await house.running("web", "other")
    now = await house.program("web")
    since = [datetime.fromisoformat(one["since"]) for one in (before, now)]
    assert abs(since[1] - since[0]) < timedelta(seconds=0.1)
    assert 1 == now["runs"]
    await house.call("signal", names=["web"], signal="HUP")
    # Told by the zombie or by the kernel; before Linux 6.15 perhaps by neither.
    ended = r"exited with status 7|its exit status is unknown"
    await house.until(said(ended, kind="incident.opened", service="web"))
    assert pids["web"] != (await house.running("web"))["web"]
    await house.until(said("healed", kind="incident.ended", service="web"))


async def test_a_fresh_run_of_an_adopted_program_is_an_ordinary_child(
    house: House,
) -> None:
    """Stopped with its tree, started again, and adopted once more."""
    tree = "sleep 1000 & (setsid sleep 1000 &) ; (sleep 1000 &); wait"
    house.write({"tree": sh(tree)})
    await house.start()
    await house.running("tree")
    await soon(lambda: len(house.marked()) == 4)
    first = house.marked()
    await again(house)
    await house.call("restart", names=["tree"])
    await house.until(after("RUNNING", "tree", run=2))
    assert [] == [pid for pid in first if lives(pid)]
    await soon(lambda: len(house.marked()) == 4)
    second = house.marked()
    await again(house)
    assert second == house.marked()
    assert 0 == await house.stop()
    assert {} == house.marked()


async def test_a_signal_and_a_shutdown_reach_what_was_adopted(house: House) -> None:
    """By priority, within the deadlines, and with status 0."""
    house.write({"deaf": sh(DEAF, directory=".", stopwaitsecs=0.5), "web": well()})
    await house.start()
    await house.running("deaf", "web")
    await soon((house.root / "deaf").exists)
    await again(house)
    assert 0 == await house.stop()
    assert {} == house.marked()


async def test_a_stranger_with_a_recorded_number_is_not_touched(house: House) -> None:
    """Another start time is another process; the program is started afresh."""
    house.write({"web": well()})
    await house.start()
    pid = (await house.running("web"))["web"]
    await killed(house)
    os.kill(pid, signal.SIGKILL)
    async with trio.open_nursery() as nursery:
        stranger = await nursery.start(trio.run_process, ["sleep", "1000"])
        text = house.state.read_text()
        assert f"pid = {pid}\n" in text
        house.state.write_text(
            text.replace(f"pid = {pid}\n", f"pid = {stranger.pid}\n")
        )
        await house.start()
        assert stranger.pid != (await house.running("web"))["web"]
        assert 0 == await house.stop()
        assert lives(stranger.pid)
        nursery.cancel_scope.cancel()


async def test_killed_while_it_starts(house: House) -> None:
    """The time without a daemon counts towards startsecs."""
    house.write({"slow": well(startsecs=8)})
    await house.start()
    await house.until_status(lambda s: bool(programs(s)["slow"]["pid"]))
    pid = (await house.program("slow"))["pid"]
    await again(house)
    program = await house.program("slow")
    assert ("STARTING", pid, 1) == (program["state"], program["pid"], program["runs"])
    assert {"slow": pid} == await house.running("slow")


async def test_what_came_up_without_a_daemon_is_up_since_then(house: House) -> None:
    """RUNNING since its startsecs were over, not since somebody looked again."""
    house.write({"slow": well(startsecs=3)})
    await house.start()
    await house.until_status(lambda s: bool(programs(s)["slow"]["pid"]))
    assert "STARTING" == (await house.program("slow"))["state"]
    await killed(house)
    began = datetime.now(UTC)
    await trio.sleep(4)
    await house.start()
    await house.running("slow")
    since = datetime.fromisoformat((await house.program("slow"))["since"])
    assert since - began < timedelta(seconds=3.2)


async def test_killed_before_anything_of_it_was_written(house: House) -> None:
    """A program is known by its marks when the file knows nothing of it."""
    house.write({"web": well()})
    await house.start()
    pids = await house.running("web")
    await house.kill9()
    house.state.unlink(missing_ok=True)
    house.state.with_name("state.toml.backup").unlink(missing_ok=True)
    await house.start()
    assert pids == await house.running("web")


async def test_the_state_folder_was_deleted(house: House, talker: Talker) -> None:
    """Its programs are known by marks and path; nothing runs twice, nothing is lost."""
    house.write({"talker": talker.program, "web": well()})
    await house.start()
    pids = await house.running("talker", "web")
    shutil.rmtree(house.state.parent)
    await house.kill9()
    talker.say(b"one\n")
    await house.start()
    assert pids == await house.running("talker", "web")
    talker.say(b"two\n")
    log = house.root / "logs" / "talker.log"
    await soon(lambda: ends_with(log, b"two\n"))
    assert b"one\ntwo\n" == log.read_bytes()
    assert {*pids.values()} == {*house.marked()}
    assert 0 == await house.stop()
    assert not any(map(lives, pids.values()))


async def test_whose_state_folder_was_deleted_still_has_its_programs(
    house: House,
) -> None:
    """A second daemon on the same state is refused, and told who is there."""
    house.write({"web": well()})
    await house.start()
    first, pids = house.daemon, await house.running("web")
    assert first is not None
    shutil.rmtree(house.state.parent)
    house.write({"web": well()}, control={"socket": "other"})
    await house.spawn()
    assert 3 == await house.wait()
    assert f"process {first.pid}, another selfhealingd, lost it" in house.log()
    house.daemon = first
    assert pids == await house.running("web")


async def test_killed_before_anything_of_its_family_was_written(house: House) -> None:
    """One that has children in sessions of their own is known all the same."""
    house.write({"tree": sh("setsid sleep 1000 & (setsid sleep 1000 &); sleep 1000")})
    await house.start()
    await house.running("tree")
    await soon(lambda: len(house.marked()) == 4)
    before = house.marked()
    await house.kill9()
    house.state.unlink(missing_ok=True)
    house.state.with_name("state.toml.backup").unlink(missing_ok=True)
    await house.start()
    await house.running("tree")
    assert before == house.marked()


@pytest.mark.parametrize("moved", [False, True])
async def test_its_output_is_found_when_its_fifo_is_not(
    house: House, talker: Talker, *, moved: bool
) -> None:
    """The runtime folder was deleted, or is another one now: not a byte is lost."""
    house.write({"talker": talker.program})
    await house.start()
    pids = await house.running("talker")
    log = house.root / "logs" / "talker.log"
    talker.say(b"one\n")
    await soon(lambda: ends_with(log, b"one\n"))
    await killed(house)
    talker.say(b"two\n")
    if moved:
        house.write({"talker": talker.program}, daemon={"runtime_dir": "elsewhere"})
    else:
        shutil.rmtree(house.root / "run")
    await house.start()
    talker.say(b"three\n")
    await soon(lambda: ends_with(log, b"three\n"))
    await again(house)  # and once more, as it is still nowhere
    talker.say(b"four\n")
    await soon(lambda: ends_with(log, b"four\n"))
    assert b"one\ntwo\nthree\nfour\n" == log.read_bytes()
    assert pids == await house.running("talker")
    assert "are read on nevertheless: talker" in house.log()


@pytest.mark.parametrize(
    ("ask", "state"), [("stop", "STOPPED"), ("restart", "RUNNING")]
)
async def test_killed_while_it_stops(house: House, ask: str, state: str) -> None:
    """It is killed at its deadline, and then is what it was to be."""
    house.write({"deaf": sh(DEAF, directory=".", stopwaitsecs=2)})
    await house.start()
    pids = await house.running("deaf")
    await soon((house.root / "deaf").exists)
    await house.call(ask, names=["deaf"])
    await house.until(after("STOPPING", "deaf"))
    await again(house)
    await house.until(said("SIGKILL", kind="service.killed", service="deaf"))
    await house.until_status(lambda s: programs(s)["deaf"]["state"] == state)
    assert not lives(pids["deaf"])


async def test_killed_in_a_rolling_restart(house: House) -> None:
    """What was restarted is; what was under way is finished; the rest is told."""
    names = [f"p{n}" for n in range(4)]
    # The daemon is killed while p1 starts.
    house.write({name: well(startsecs=5 if name == "p1" else 0.2) for name in names})
    await house.start()
    before = await house.running(*names)
    await house.call("restart", names=names, max_unavailable=1)
    await house.until(after("STARTING", "p1", run=2))
    await again(house)
    now = await house.running(*names)
    assert {"p2", "p3"} == {name for name in names if before[name] == now[name]}
    status = await house.call("status")
    [told] = status["issues"]
    assert "begun or done: p0, p1; still to do: p2, p3" in told
    [do] = status["recommendations"]
    await house.until(said("still to do: p2, p3", kind="problem.found"))
    assert "go on: selfhealctl restart --rolling p2 p3; " in do
    await house.ctl("restart", "--rolling", "p2", "p3")
    then = await house.running(*names)
    assert {"p0", "p1"} == {name for name in names if then[name] == now[name]}
    status = await house.call("status")
    assert ("healthy", []) == (status["status"], status["issues"])


async def test_what_ended_meanwhile_is_healed(house: House) -> None:
    """That it is gone is seen at the start, and how is said to be unknown."""
    house.write({"web": well(), "job": sh("sleep 1000", autorestart="never")})
    await house.start()
    pids = await house.running("web", "job")
    await killed(house)
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    await soon(lambda: not any(map(lives, pids.values())))
    await house.start()
    await house.until(
        said("while no daemon was there", kind="incident.opened", service="web"),
        said("healed", kind="incident.ended", service="web"),
    )
    assert "EXITED" == (await house.program("job"))["state"]


async def test_what_ended_meanwhile_stays_down_where_healing_was_switched_off(
    house: House,
) -> None:
    """By the flag file as it is now, not as the last daemon had read it."""
    house.write({"web": well()})
    await house.start()
    pids = await house.running("web")
    await killed(house)
    os.kill(pids["web"], signal.SIGKILL)
    await soon(lambda: not lives(pids["web"]))
    house.flags.write_text("FEATURE_AUTO_HEALING_ENABLED=false\n")
    await house.start()
    web = await house.program("web")
    assert ("EXITED", 1) == (web["state"], web["runs"])


async def test_what_the_config_has_no_more_runs_on_and_is_told(house: House) -> None:
    """An update stops it, as it had been configured to be; then it is forgotten."""
    trap = "trap 'echo bye; exit 0' USR1; echo hi; while :; do sleep 0.05; done"
    house.write({"old": sh(trap, stopsignal="USR1"), "web": well()})
    await house.start()
    pids = await house.running("old", "web")
    await killed(house)
    house.change(old=None)
    await house.start()
    status = await house.call("status")
    old = programs(status)["old"]
    assert (True, pids["old"]) == (old["removed"], old["pid"])
    assert any("gone from the config" in words for words in status["issues"])
    refused = await house.ctl("restart", "old")
    assert 1 == refused.status
    assert "gone from the config" in refused.err
    assert 0 == (await house.ctl("update")).status
    await soon(lambda: not lives(pids["old"]))
    assert ["web"] == [*programs(await house.call("status"))]
    assert "hi\nbye\n" == (house.root / "logs" / "old.log").read_text()


async def test_what_the_config_has_no_more_is_forgotten_when_it_ends(
    house: House,
) -> None:
    """Nobody is asked to do anything about it."""
    house.write({"old": well(), "web": well()})
    await house.start()
    pids = await house.running("old", "web")
    await killed(house)
    house.change(old=None)
    await house.start()
    os.kill(pids["old"], signal.SIGKILL)
    status = await house.until_status(lambda s: "old" not in programs(s))
    assert [] == status["issues"]


async def test_orphans_are_stopped_where_that_is_written(house: House) -> None:
    """At the start; and they are told of until they are gone."""
    house.write({"old": well(), "web": well()}, daemon={"orphans": "stop"})
    await house.start()
    pids = await house.running("old", "web")
    await killed(house)
    house.change(old=None)
    await house.start()
    await house.until_status(lambda s: "old" not in programs(s))
    assert not lives(pids["old"])
    assert lives(pids["web"])


async def test_settings_that_changed_meanwhile_wait_for_an_update(
    house: House,
) -> None:
    """Also over the next daemon; only what it runs with counts."""
    house.write({"web": well(environment={"A": "1"}), "other": well()})
    await house.start()
    pids = await house.running("web", "other")
    await killed(house)
    house.change(web=well(environment={"A": "2"}))
    await house.start()
    for _ in range(2):
        status = await house.call("status")
        assert {"web": True, "other": False} == {
            name: one["pendingUpdate"] for name, one in programs(status).items()
        }
        await again(house)
    for names in ([], ["web"]):
        report = await house.call("reread", names=names)
        assert ["changed: web (is restarted)"] == report["pending"]
    assert [] == (await house.call("reread", names=["other"]))["pending"]
    house.change(web=well(environment={"A": "1"}))
    report = await house.call("reread")
    assert ["changed: web (nothing is restarted)"] == report["pending"]
    await house.call("reload")
    assert not (await house.program("web"))["pendingUpdate"]
    assert [] == (await house.call("reread"))["pending"]
    house.change(web=well(environment={"A": "3"}))
    assert 0 == (await house.ctl("update")).status
    now = await house.running("web", "other")
    assert pids["web"] != now["web"]
    assert pids["other"] == now["other"]
    assert "A=3" in environ(now["web"])
    assert not (await house.program("web"))["pendingUpdate"]
