"""Flags and config while the daemon runs: SIGHUP, reload, update."""

import os
import signal

import pytest
from harness import Check, House, after, breaker, hopeless, programs, said, sh, well

pytestmark = pytest.mark.process

OFF = "FEATURE_AUTO_HEALING_ENABLED=false\n"
SLOW = {"backoff_initial": 0.4, "backoff_max": 0.8, "permanent_after": 1000}


def issue(words: str) -> Check:
    return lambda status: any(words in one for one in status["issues"])


def no_issue(words: str) -> Check:
    return lambda status: not any(words in one for one in status["issues"])


def enabled(wanted: bool) -> Check:  # noqa: FBT001
    return lambda status: bool(status["selfHealing"]["enabled"] == wanted)


async def test_automation_stops_at_once_and_comes_back(house: House) -> None:
    """Switched off: what waits does not come back, a crash is not healed. And on."""
    healing = {**SLOW, "dormant_after": 1000}
    house.write({"bad": hopeless(), "web": well(), "w2": well()}, healing=healing)
    await house.start()
    pids = await house.running("web", "w2")
    await house.until_status(lambda s: programs(s)["bad"]["state"] == "BACKOFF")
    with house.flags.open("a") as flags:
        flags.write(OFF)
    house.signal(signal.SIGHUP)
    status = await house.until_status(enabled(wanted=False))
    runs = programs(status)["bad"]["runs"]
    assert "EXITED" == programs(status)["bad"]["state"]
    assert "switched off" in programs(status)["bad"]["next"]
    assert "warning" == status["status"]
    os.kill(pids["web"], signal.SIGKILL)
    status = await house.until_status(lambda s: programs(s)["web"]["state"] == "EXITED")
    # The longest wait that was in force is over once this other program went round.
    await house.call("restart", names=["w2"])
    await house.until(after("RUNNING", "w2", run=2))
    status = await house.call("status")
    assert runs == programs(status)["bad"]["runs"]
    assert "EXITED" == programs(status)["web"]["state"]
    with house.flags.open("a") as flags:
        flags.write("FEATURE_AUTO_HEALING_ENABLED=true\n")
    house.signal(signal.SIGHUP)
    await house.until(said("healed", kind="incident.ended", service="web"))
    await house.until_status(lambda s: programs(s)["bad"]["runs"] > runs)


async def test_a_config_that_anyone_may_write_is_told(house: House) -> None:
    """They could have anything run; until somebody mends it, and reloads."""
    house.write({"web": well()})
    house.config.chmod(0o666)
    await house.start()
    status = await house.call("status")
    [issue] = status["issues"]
    assert issue.startswith(f"CRITICAL: anyone may write {house.config}, ")
    assert [f"chmod o-w {house.config}; then: selfhealctl reload"] == status[
        "recommendations"
    ]
    house.config.chmod(0o644)
    await house.call("reload")
    assert [] == (await house.call("status"))["issues"]


async def test_off_from_the_start(house: House) -> None:
    """Programs are started, as the operator wants; none is healed."""
    house.write({"bad": hopeless(), "web": well()})
    house.flags.write_text(OFF)
    await house.start()
    await house.running("web")
    status = await house.until_status(lambda s: programs(s)["bad"]["state"] == "EXITED")
    assert 1 == programs(status)["bad"]["runs"]
    assert 0 == status["selfHealing"]["totalAttempts"]


async def test_a_broken_flag_file_changes_nothing(house: House) -> None:
    """Flags stay as they were, and status and log say why; mended, the words go."""
    house.write({"web": well()})
    house.flags.write_text("FEATURE_PREVENTIVE_HEALING_ENABLED=false\n")
    await house.start()
    before = (await house.call("flags"))["values"]
    house.flags.write_text(OFF + "FEATURE_AUTO_HEELING=perhaps\n")
    house.signal(signal.SIGHUP)
    status = await house.until_status(issue("the flag file can't be used"))
    assert before == status["flags"]["values"]
    assert status["selfHealing"]["enabled"]
    assert f"{house.flags}:2" in status["flags"]["error"]
    [where] = [i for i, x in enumerate(status["issues"]) if "flag file" in x]
    assert "selfhealctl reload" in status["recommendations"][where]
    await house.logged(f"{house.flags}:2")
    reloaded = await house.ctl("reload")
    assert 1 == reloaded.status
    house.flags.write_text(OFF)
    assert 0 == (await house.ctl("reload")).status
    status = await house.until_status(no_issue("the flag file"))
    assert status["flags"]["error"] is None
    assert not status["selfHealing"]["enabled"]


async def test_broken_at_start_the_flags_are_those_of_before(house: House) -> None:
    """A switch that was thrown before a crash is not undone by a broken file."""
    house.write({"bad": hopeless(), "web": well()})
    house.flags.write_text(OFF)
    await house.start()
    await house.until_status(enabled(wanted=False))
    assert 0 == await house.stop()
    house.flags.write_text("??")
    await house.start()
    status = await house.until_status(issue("the flag file can't be used"))
    assert not status["selfHealing"]["enabled"]


async def test_a_lost_flag_file_changes_nothing(house: House) -> None:
    """Automation stays off, also for the next daemon; a new file is a person's word."""
    house.write({"web": well()})
    house.flags.write_text(OFF)
    await house.start()
    await house.until_status(enabled(wanted=False))
    house.flags.unlink()
    assert 1 == (await house.ctl("reload")).status
    status = await house.until_status(issue(f"{house.flags}: cannot read: it was"))
    assert not status["selfHealing"]["enabled"]
    assert any(f"touch {house.flags}" in do for do in status["recommendations"])
    await house.kill9()
    await house.start()
    status = await house.until_status(issue(f"{house.flags}: cannot read: it was"))
    assert not status["selfHealing"]["enabled"]
    house.flags.touch()
    assert 0 == (await house.ctl("reload")).status
    status = await house.until_status(no_issue("the flag file"))
    assert status["selfHealing"]["enabled"]
    house.flags.unlink()
    house.signal(signal.SIGHUP)
    await house.until_status(issue("the flag file can't be used"))


async def test_without_a_flag_file_all_is_on(house: House) -> None:
    """That is no mistake; the log says it once."""
    house.write({"web": well()})
    await house.start()
    assert 0 == (await house.ctl("reload")).status
    status = await house.call("status")
    assert ("healthy", True) == (status["status"], status["selfHealing"]["enabled"])
    assert 1 == house.log().count("there is no flag file")


async def test_a_broken_config_changes_nothing(house: House) -> None:
    """The old one stays in force, nothing restarts, and status says what is wrong."""
    house.write({"web": well()})
    await house.start()
    pids = await house.running("web")
    good = house.config.read_text()
    house.config.write_text(good + "\n[program.new]\ncomand = 'true'\n")
    house.signal(signal.SIGHUP)
    status = await house.until_status(issue("the old one stays in force"))
    assert ["web"] == list(programs(status))
    assert pids == await house.running("web")
    await house.logged("program.new.comand")
    assert 1 == (await house.ctl("update")).status
    house.config.write_text(good)
    house.signal(signal.SIGHUP)
    status = await house.until_status(no_issue("the config has"))
    assert "healthy" == status["status"]


async def test_changes_are_applied_where_nothing_restarts(house: House) -> None:
    """Added starts, healing applies at once, changed and removed wait for update."""
    house.write({"a": well(), "b": well(), "gone": well(), "c": well()})
    await house.start()
    pids = await house.running("a", "b", "gone", "c")
    house.change(
        a=sh("exec sleep 2000"),
        b=well(healing={"verify_secs": 0.7}, stopwaitsecs=4),
        gone=None,
        new=well(),
    )
    house.signal(signal.SIGHUP)
    status = await house.until_status(issue("changed settings wait for a restart"))
    await house.running("new")
    assert pids == await house.running("a", "b", "gone", "c")
    status = await house.call("status")
    assert {"a", "gone"} == {
        name for name, one in programs(status).items() if one["pendingUpdate"]
    }
    os.kill(pids["b"], signal.SIGKILL)
    [healed] = await house.until(
        said("verified: up for 0.7 s", kind="attempt.ended", service="b")
    )
    assert healed
    updated = await house.ctl("update")
    assert 0 == updated.status, updated.err
    assert {"a": True, "gone": True} == {one["name"]: one["ok"] for one in updated.json}
    now = await house.running("a", "new")
    assert now["a"] != pids["a"]
    status = await house.call("status")
    assert {"a", "b", "c", "new"} == programs(status).keys()
    assert programs(status)["c"]["pid"] == pids["c"]
    assert "healthy" == status["status"]
    assert "sleep 2000 " in house.marked()[now["a"]]
    assert pids["gone"] not in house.marked()
    house.change(b=well(stopwaitsecs=5))
    for names in (("b",), ()):
        [told] = (await house.ctl("update", *names)).json or [None]
        assert ("b", "applied, without a restart") == (told["name"], told["words"])
        house.change(b=well(stopwaitsecs=6))
    assert now == await house.running("a", "new")


async def test_a_restart_takes_up_what_waits_for_it_alone(house: House) -> None:
    """Restart NAME puts that program's change into force, and no other's."""
    house.write({"a": well(), "b": well()})
    await house.start()
    pids = await house.running("a", "b")
    house.change(a=sh("exec sleep 2001"), b=sh("exec sleep 2002"))
    assert ["a", "b"] == (await house.ctl("reload")).json["pending"]
    assert 0 == (await house.ctl("restart", "a")).status
    now = await house.running("a", "b")
    assert "sleep 2001 " in house.marked()[now["a"]]
    assert pids["b"] == now["b"]
    assert ["b"] == (await house.ctl("reload")).json["pending"]


async def test_what_is_healed_meanwhile_runs_what_is_in_force(house: House) -> None:
    """A crash of a program whose change waits restarts what ran, unless it is down.

    The operator decides when the new settings begin: with update, or a restart.
    """
    house.write({"a": well()})
    await house.start()
    pids = await house.running("a")
    house.change(a=sh("exec sleep 2001"))
    assert ["a"] == (await house.ctl("reload")).json["pending"]
    os.kill(pids["a"], signal.SIGKILL)
    await house.until(said("healed", kind="incident.ended"))
    now = await house.running("a")
    assert "sleep 1000 " in house.marked()[now["a"]]
    assert (await house.program("a"))["pendingUpdate"]


async def test_a_removed_program_that_is_down_is_gone_at_once(house: House) -> None:
    """Nothing runs, so nothing waits; its breaker goes with it."""
    house.write({"bad": hopeless(), "a": well(), "b": well()})
    await house.start()
    await house.until(after("FATAL", "bad"))
    house.change(bad=None)
    reloaded = await house.ctl("reload")
    assert ([], True) == (reloaded.json["pending"], reloaded.json["ok"])
    status = await house.call("status")
    assert {"a", "b"} == programs(status).keys()
    assert "CLOSED" == breaker(status, "program:a")["state"]
    assert "program:bad" not in [b["name"] for b in status["circuitBreakers"]]


async def test_tasks_follow_the_config(house: House) -> None:
    """Tasks are added, changed and removed by a reload; a failing one is told."""
    tick = {"command": "true", "every": "1h"}
    house.write({}, tasks={"tick": tick})
    await house.start()
    failing = {"command": ["sh", "-c", "echo no disk; exit 3"], "every": 0.3}
    house.write({}, tasks={"boom": failing})
    house.signal(signal.SIGHUP)
    status = await house.until_status(issue("background task boom failed"))
    tasks = {t["id"]: t for t in status["backgroundTasks"]["tasks"]}
    assert {"self-check", "stray-check", "sample", "boom"} == tasks.keys()
    assert "exited with status 3: no disk" == tasks["boom"]["lastError"]


async def test_what_only_a_new_daemon_reads_is_named(house: House) -> None:
    """A changed socket or state folder is told, and the present one goes on."""
    house.write({"web": well()})
    await house.start()
    house.write({"web": well()}, control={"socket": "t"})
    assert 0 == (await house.ctl("reload")).status
    status = await house.until_status(issue("wait for a restart of the daemon"))
    [words] = status["issues"]
    assert "socket" in words
    assert not (house.root / "t").exists()


async def test_a_storm_of_sighups_restarts_nothing(house: House) -> None:
    """Fifty in a row: programs keep their pids, and the daemon its wits."""
    house.write({"web": well(), "api": well()})
    await house.start()
    pids = await house.running("web", "api")
    for number in range(50):
        house.change(web=well(healing={"verify_secs": 1 + number}))
        house.signal(signal.SIGHUP)
    assert 0 == (await house.ctl("reload")).status
    assert pids == await house.running("web", "api")
    assert "healthy" == (await house.call("status"))["status"]
