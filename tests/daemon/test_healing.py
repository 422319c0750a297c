"""Broken programs, each in its own way, under the real daemon."""

import os
import signal
from datetime import datetime

import pytest
from harness import (
    Check,
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


def state(name: str, wanted: str) -> Check:
    """Return a check of a status: a program is in a state."""
    return lambda status: bool(programs(status)[name]["state"] == wanted)


async def test_a_crash_is_restarted_at_once_and_verified(house: House) -> None:
    """The first crash of a healthy program: crash, restart, verified; counters say so.

    The times of the day are left to the core's tests in virtual time.
    """
    house.write({"web": well()})
    await house.start()
    pids = await house.running("web")
    os.kill(pids["web"], signal.SIGSEGV)
    *_, healed = await house.until(
        said("crashed: killed by SIGSEGV", service="web", kind="incident.opened"),
        said(service="web", kind="attempt.began"),
        after("RUNNING", "web"),
        said("verified", kind="attempt.ended"),
        said("healed", kind="incident.ended"),
    )
    status = await house.call("status")
    web = programs(status)["web"]
    assert "killed by SIGSEGV" == web["exit"].removesuffix(" (core dumped)")
    assert (2, 0, None, None) == (
        web["runs"],
        web["consecutiveFailures"],
        web["next"],
        web["incident"],
    )
    assert web["pid"] != pids["web"]
    assert not lives(pids["web"])
    assert "healthy" == status["status"]
    assert (1, 1, 0) == tuple(
        status["selfHealing"][key]
        for key in ("totalAttempts", "successfulHealings", "failedHealings")
    )
    [incident] = await house.call("incidents", limit=5)
    assert "healed" == incident["outcome"]
    assert healed["data"]["incident"]["id"] == incident["id"]


SLOW: Document = {"backoff_initial": 500, "backoff_max": 1000}
"""So long that the first wait can be looked at in peace."""


@pytest.mark.parametrize(
    ("program", "exit_words"),
    [
        (sh("exit 3"), "exited with status 3"),
        (sh("kill -KILL $$"), "killed by SIGKILL"),
        (sh("kill -ABRT $$"), "killed by SIGABRT"),
        (sh("exit 0"), "exited with status 0"),
        ({"command": ["/nonexistent/tool"]}, "/nonexistent/tool"),
        ({"command": ["etc"]}, "etc"),
        ({"command": ["./plain"], "directory": "."}, "plain"),
    ],
    ids=["status", "kill", "abort", "zero-early", "missing", "bare", "not-executable"],
)
async def test_what_fails_to_start_is_shown_with_cause_and_next(
    house: House, program: Document, exit_words: str
) -> None:
    """State, exit in words, what comes next and when: all in one place of status."""
    (house.root / "plain").write_text("#!/bin/sh\n")
    house.write({"broken": program}, healing=SLOW)
    await house.start()
    status = await house.until_status(state("broken", "BACKOFF"))
    broken = programs(status)["broken"]
    assert exit_words in broken["exit"]
    assert "restart" in broken["next"]
    assert broken["nextAt"] > broken["since"]
    assert broken["pid"] is None
    assert broken["incident"] is not None
    assert "warning" == status["status"]
    [issue] = [words for words in status["issues"] if "broken" in words]
    assert issue.startswith("WARNING: program broken is down: ")
    where = status["issues"].index(issue)
    assert "selfhealctl restart broken" in status["recommendations"][where]


async def test_an_expected_end_is_no_failure(house: House) -> None:
    """Status 0 after startsecs under autorestart = "unexpected" is EXITED, and well."""
    house.write({"job": sh("sleep 0.4; exit 0", autorestart="unexpected")})
    await house.start()
    status = await house.until_status(state("job", "EXITED"))
    job = programs(status)["job"]
    assert ("exited with status 0", "nothing: it ended as it should", None) == (
        job["exit"],
        job["next"],
        job["incident"],
    )
    assert "healthy" == status["status"]


async def test_what_ignores_sigterm_is_killed_after_its_deadline(house: House) -> None:
    """A stop waits stopwaitsecs, then sends SIGKILL, and says both."""
    stubborn = sh('trap "" TERM; while :; do sleep 0.1; done', stopwaitsecs=0.5)
    house.write({"stubborn": stubborn})
    await house.start()
    pids = await house.running("stubborn")
    await house.call("stop", names=["stubborn"])
    await house.until(
        after("STOPPING", "stubborn"),
        said("has not ended within 0.5 s: SIGKILL", kind="service.killed"),
        after("STOPPED", "stubborn"),
    )
    assert not lives(pids["stubborn"])
    assert "killed by SIGKILL" == (await house.program("stubborn"))["exit"]


async def test_grandchildren_go_before_a_new_run_begins(house: House) -> None:
    """What a crashed program left in its group is ended before its next run."""
    script = "sleep 1000 & echo $! >> children; sleep 1000 & echo $! >> children; wait"
    house.write({"parent": sh(script, directory=".")})
    await house.start()
    pids = await house.running("parent")
    children = [int(pid) for pid in (house.root / "children").read_text().split()]
    assert [True, True] == [lives(pid) for pid in children]
    os.kill(pids["parent"], signal.SIGKILL)
    await house.until(
        after("RUNNING", "parent", run=1),
        after("STARTING", "parent", run=2),
    )
    assert [False, False] == [lives(pid) for pid in children]
    await house.until(said("healed", kind="incident.ended"))


async def test_the_only_program_hopeless_makes_the_engine_dormant(house: House) -> None:
    """Ten failed healings: critical, with the contract's words, and no eleventh."""
    house.write({"only": hopeless()})
    await house.start()
    status = await house.until_status(lambda s: bool(s["selfHealing"]["isDormant"]))
    healing = status["selfHealing"]
    assert "critical" == status["status"]
    assert "CRITICAL: Self-Healing Engine in DORMANT mode" in status["issues"]
    assert "Exceeded maximum consecutive failures (10)" == healing["dormantReason"]
    assert (10, 10, 0) == (
        healing["consecutiveFailures"],
        healing["failedHealings"],
        healing["successfulHealings"],
    )
    main = breaker(status, "self-healing-main")
    assert "PERMANENT_OPEN" == main["state"]
    assert "Exceeded permanent failure threshold" == main["permanentOpenReason"]
    assert any("selfhealctl resume" in words for words in status["recommendations"])
    only = programs(status)["only"]
    assert only["state"] in {"FATAL", "EXITED"}
    refused = await house.ctl("reset", "program:only", "--reason", "x")
    assert 1 == refused.status
    assert "--force" in refused.err
    resumed = await house.ctl("resume", "--reason", "Valid API keys added")
    assert 0 == resumed.status, resumed.err
    status = await house.call("status")
    healing = status["selfHealing"]
    assert (False, None, 0) == (
        healing["isDormant"],
        healing["dormantReason"],
        healing["consecutiveFailures"],
    )
    assert "CLOSED" == breaker(status, "self-healing-main")["state"]
    assert status["status"] in {"healthy", "warning"}
    await house.until_status(lambda s: bool(s["selfHealing"]["isDormant"]))


async def test_one_hopeless_among_ten_is_given_up_alone(house: House) -> None:
    """Its breaker opens, then for good; the engine goes on and heals the others."""
    others = {f"well-{n}": well() for n in range(9)}
    house.write({"hopeless": hopeless(), **others})
    await house.start()
    opened, gone = await house.until(
        said("is OPEN for", kind="breaker.changed", breaker="program:hopeless"),
        after("FATAL", "hopeless"),
    )
    assert opened["data"]["failures"] == 5
    status = await house.call("status")
    assert not status["selfHealing"]["isDormant"]
    assert "CLOSED" == breaker(status, "self-healing-main")["state"]
    assert "PERMANENT_OPEN" == breaker(status, "program:hopeless")["state"]
    hint = programs(status)["hopeless"]["next"]
    assert "selfhealctl reset program:hopeless --force" in hint
    pids = await house.running(*others)
    os.kill(pids["well-3"], signal.SIGKILL)
    await house.until(said("healed", kind="incident.ended", service="well-3"))
    assert gone["level"] == "error"


async def test_each_failure_doubles_the_wait(house: House) -> None:
    """The waits that are announced are initial * 2**n, and at most 10 % longer."""
    healing = {"backoff_initial": 0.5, "backoff_max": 100, "open_after": 10}
    house.write({"only": hopeless()}, healing=healing)
    await house.start()
    async with house.events() as events:
        for n in range(3):
            [event] = await events.until(
                said(service="only", kind="service.transition", why="backoff")
            )
            until = datetime.fromisoformat(event["data"]["until"])
            waits = (until - datetime.fromisoformat(event["at"])).total_seconds()
            # From the exit, which is a moment before its announcement.
            assert 0.5 * 2**n - 0.4 <= waits <= 0.55 * 2**n + 0.01


async def test_a_program_that_forks_without_end_is_stopped_whole(house: House) -> None:
    """A fork storm, each child in the group: a stop leaves none of them."""
    storm = (
        "n=0; while [ $n -lt 100 ]; do sleep 1000 & n=$((n+1)); done; : > full; wait"
    )
    house.write({"storm": sh(storm, directory=".", stopwaitsecs=5)})
    await house.start()
    await soon((house.root / "full").exists)
    await soon(lambda: len(house.marked()) > 100)  # the last may be on its way to exec
    await house.call("stop", names=["storm"])
    await house.until(after("STOPPED", "storm"))
    assert {} == house.marked()


async def test_a_hundred_crash_at_once_and_all_come_back(house: House) -> None:
    """Budget and turns delay remedies, and lose none."""
    names = [f"p{n:02}" for n in range(100)]
    house.write(
        {name: well(startsecs=0.1) for name in names},
        healing={"systemic_share": 1.0, "max_concurrent_remedies": 0.2},
    )
    await house.start()
    pids = await house.running(*names)
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    status = await house.until_status(
        lambda s: s["selfHealing"]["successfulHealings"] == 100, seconds=60
    )
    again = {name: one["pid"] for name, one in programs(status).items()}
    assert not set(again.values()) & set(pids.values())
    assert set(again.values()) == set(house.marked())
    assert "healthy" == status["status"]
