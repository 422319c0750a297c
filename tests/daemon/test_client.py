"""The real client with the real daemon: every command, every exit status."""

import json
import os
import re
import shutil
import signal
import stat
import sys
from pathlib import Path

import pytest
import trio
from browser import served
from harness import (
    DEADLINE,
    NOBODY,
    House,
    after,
    execute,
    hopeless,
    programs,
    said,
    sh,
    soon,
    well,
)

pytestmark = pytest.mark.process

FILTERS = (
    ("selfhealctl status | jq .", dict),
    ("selfhealctl status | jq .selfHealing", dict),
    ("selfhealctl status | jq .circuitBreakers", list),
    ("selfhealctl status | jq .backgroundTasks", dict),
    ("selfhealctl status | jq '{issues, recommendations}'", dict),
    ("selfhealctl status | jq .llm.keyManagement", dict),
    (
        (
            "selfhealctl status | jq"
            " '.circuitBreakers[] | select(.state == \"PERMANENT_OPEN\")'"
        ),
        dict,
    ),
    (
        (
            "selfhealctl status | jq"
            " '.circuitBreakers[] | select(.name == \"self-healing-main\").state'"
        ),
        str,
    ),
    (
        (
            "selfhealctl status | jq"
            " '.backgroundTasks.tasks | group_by(.id) | map(select(length > 1))'"
        ),
        list,
    ),
    ("selfhealctl status --no-json | jq . || true", None),
    ("selfhealctl tasks | jq .totalTasks", int),
)
"""Operators' own, as the contract has them, and what each gives."""

TICK = {"command": "true", "every": "1h"}


@pytest.fixture
def shell(house: House) -> Path:
    """Make a folder in which ``selfhealctl`` is the client, for PATH."""
    folder = house.root / "bin"
    folder.mkdir()
    tool = folder / "selfhealctl"
    tool.write_text(f'#!/bin/sh\nexec {sys.executable} -m selfhealctl "$@"\n')
    tool.chmod(0o755)
    return folder


async def test_every_filter_of_the_operators_works(house: House, shell: Path) -> None:
    """The contract's commands, typed as they stand there, through the real jq."""
    if shutil.which("jq") is None:
        assert os.environ.get("CI") != "true", "CI has no jq"
        pytest.skip("there is no jq")
    browser = await served(
        house,
        programs={"web": well(), "bad": hopeless(), "w2": well()},
        tasks={"tick": TICK},
    )
    await house.until(after("FATAL", "bad"))
    environ = {
        "PATH": f"{shell}:{os.environ['PATH']}",
        "SELFHEALCTL_SOCKET": str(house.socket),
    }
    given = {}
    for line, kind in FILTERS:
        ran = await execute("sh", "-c", line, environ=environ, cwd=house.root)
        assert 0 == ran.status, (line, ran)
        if kind is not None:
            given[line] = ran.json
            assert isinstance(ran.json, kind), line
    page = house.root / "status.json"
    page.write_bytes((await browser.get("/api/status")).body)
    for line, kind in FILTERS[:9]:
        by_http = line.replace("selfhealctl status", f"cat {page}")
        ran = await execute("sh", "-c", by_http, cwd=house.root)
        assert isinstance(ran.json, kind), (line, ran)
    assert [] == given[FILTERS[8][0]]
    assert "program:bad" == given[FILTERS[6][0]]["name"]
    assert {
        "totalKeys": 0,
        "activeKeys": 0,
        "failedKeys": 0,
        "coolingKeys": 0,
    } == given[FILTERS[5][0]]
    healing = given[FILTERS[1][0]]
    assert {
        "enabled",
        "isDormant",
        "dormantReason",
        "consecutiveFailures",
        "backoffDelay",
        "totalAttempts",
        "successfulHealings",
        "failedHealings",
    } <= healing.keys()


async def test_commands_about_programs(house: House) -> None:
    """start, stop, restart, signal, pid, by name and for all."""
    house.write({"web": well(), "api": well(autostart=False)})
    await house.start()
    pids = await house.running("web")
    pid = await house.ctl("pid", "web")
    assert (0, f"{pids['web']}\n") == (pid.status, pid.out)
    assert 1 == (await house.ctl("pid", "api")).status
    assert 3 == (await house.ctl("status", "api")).status
    assert 0 == (await house.ctl("status", "web")).status
    started = await house.ctl("start", "all")
    assert 0 == started.status, started.err
    assert [("web", True, "RUNNING"), ("api", True, "RUNNING")] == [
        (one["name"], one["ok"], one["state"]) for one in started.json
    ]
    restarted = await house.ctl("restart", "web", "--reason", "new moon")
    assert 0 == restarted.status, restarted.err
    now = await house.running("web", "api")
    assert now["web"] != pids["web"]
    assert 0 == (await house.ctl("signal", "TERM", "web")).status
    await house.until(
        said("restart web, .*new moon", kind="operator.acted"),
        said("", service="web", kind="incident.opened"),
        said("", service="web", kind="incident.ended"),
    )
    stopped = await house.ctl("stop", "all")
    assert 0 == stopped.status, stopped.err
    assert ["STOPPED", "STOPPED"] == [one["state"] for one in stopped.json]
    assert {} == house.marked()
    words = await house.ctl("start", "web", "--no-json")
    assert 0 == words.status
    assert "web" in words.out


async def test_an_operation_that_fails_says_so(house: House) -> None:
    """A start that does not get there: status 1, words, and the next command."""
    house.write({"bad": hopeless(autostart=False), "web": well()})
    await house.start()
    for verb in ("start", "restart"):
        ran = await house.ctl(verb, "bad")
        assert 1 == ran.status
        assert "exited with status 1" in ran.err
        await house.ctl("stop", "bad")
    bad = await house.ctl("signal", "HUP", "bad")
    assert 1 == bad.status
    assert bad.err


async def test_commands_that_look(house: House) -> None:
    """breakers, tasks, flags, incidents, events, version: JSON, and words."""
    house.write({"web": well()}, tasks={"tick": TICK})
    await house.start()
    pids = await house.running("web")
    os.kill(pids["web"], signal.SIGKILL)
    await house.until(said("healed", kind="incident.ended"))
    breakers = (await house.ctl("breakers")).json
    assert ["self-healing-main", "program:web"] == [one["name"] for one in breakers]
    tasks = (await house.ctl("tasks")).json
    assert {"self-check", "stray-check", "sample", "tick"} == {
        task["id"] for task in tasks["tasks"]
    }
    flags = (await house.ctl("flags")).json
    assert [True] * 5 == list(flags["values"].values())
    [incident] = (await house.ctl("incidents")).json
    assert ("web", "healed") == (incident["service"], incident["outcome"])
    lines = (await house.ctl("events", "-n", "100")).out.splitlines()
    assert "incident.ended" in {json.loads(line)["kind"] for line in lines}
    version = (await house.ctl("version")).json
    assert ("selfhealingd", house.pid) == (version["name"], version["pid"])
    looking = ("status", "breakers", "tasks", "flags", "incidents", "events", "version")
    for command in looking:
        words = await house.ctl(command, "--no-json")
        assert 0 == words.status, words.err
        assert not words.out.startswith(("{", "[")), command


async def test_commands_about_tasks(house: House) -> None:
    """pause-all, resume-all, unregister and cleanup do what tasks then shows."""
    house.write({}, tasks={"tick": TICK, "tock": TICK})
    await house.start()

    async def states() -> dict[str, str]:
        tasks = (await house.ctl("tasks")).json["tasks"]
        return {t["id"]: "paused" if t["state"] == "paused" else "on" for t in tasks}

    every = {"self-check", "stray-check", "sample", "tick", "tock"}
    assert 0 == (await house.ctl("pause-all")).status
    assert dict.fromkeys(every, "paused") == await states()
    assert 0 == (await house.ctl("resume-all")).status
    assert dict.fromkeys(every, "on") == await states()
    assert 0 == (await house.ctl("unregister", "tick")).status
    assert dict.fromkeys(every - {"tick"}, "on") == await states()
    assert 4 == (await house.ctl("unregister", "tick")).status
    assert 0 == (await house.ctl("cleanup")).status
    assert {} == await states()
    assert 0 == (await house.ctl("resume-all")).status
    assert dict.fromkeys(every, "on") == await states()
    told = re.findall("BackgroundTaskManager +(.*)", house.log())
    assert ["paused 5", "resumed 5", "ended task", "ended 4", "resumed 5"] == [
        " ".join(words.split()[:2]) for words in told
    ]


async def test_reload_update_and_shutdown(house: House) -> None:
    """The daemon's own commands; after shutdown it is gone, with status 0."""
    house.write({"web": well()})
    await house.start()
    pids = await house.running("web")
    reloaded = await house.ctl("reload")
    assert (0, []) == (reloaded.status, reloaded.json["pending"])
    house.change(web=sh("exec sleep 2000"))
    assert ["web"] == (await house.ctl("reload")).json["pending"]
    assert pids == await house.running("web")
    updated = await house.ctl("update")
    assert 0 == updated.status, updated.err
    assert (await house.running("web"))["web"] != pids["web"]
    assert 0 == (await house.ctl("shutdown", "--yes")).status
    assert house.daemon is not None
    assert 0 == house.daemon.poll()
    assert {} == house.marked()
    assert 5 == (await house.ctl("status")).status


async def test_exit_statuses_tell_apart_what_went_wrong(house: House) -> None:
    """Usage 2, no such name 4, not reachable 5 with the socket's path and a reason."""
    house.write({"web": well(), "api": well(autostart=False)})
    await house.start()
    usage = (
        ["resume"],
        ["reset", "program:web"],
        ["frobnicate"],
        ["stop"],
        ["explain", "all"],
    )
    for args in usage:
        assert 2 == (await house.ctl(*args)).status, args
    for args in (
        ["stop", "wbe"],
        ["status", "wbe"],
        ["pid", "wbe"],
        ["reset", "program:wbe", "--reason", "x"],
        ["unregister", "tic"],
    ):
        assert 4 == (await house.ctl(*args)).status, args
    assert "did you mean web?" in (await house.ctl("restart", "wbe")).err
    assert "\n  selfhealctl explain web\n" in (await house.ctl("explain", "*")).err
    assert 0 == (await house.ctl("explain", "w*")).status
    nowhere = house.root / "nowhere"
    lost = await house.ctl("status", socket=nowhere)
    assert 5 == lost.status
    assert str(nowhere) in lost.err
    await house.kill9()
    stale = await house.ctl("status")
    assert 5 == stale.status
    assert "not running" in stale.err


async def test_a_hung_daemon_never_hangs_the_client(house: House) -> None:
    """Stopped by SIGSTOP it can't answer: status 7, well before the test's patience."""
    house.write({"web": well()})
    await house.start()
    house.signal(signal.SIGSTOP)
    try:
        for args in (("status",), ("restart", "web"), ("events", "--follow")):
            assert 7 == (await house.ctl("--timeout", "1", *args)).status, args
    finally:
        house.signal(signal.SIGCONT)
    assert 0 == (await house.ctl("status")).status


async def test_who_may_look_may_not_operate(house: House) -> None:
    """Another user whom the socket lets in observes; each operation is refused, 6."""
    if os.geteuid() != 0:
        pytest.skip("only root may switch users")
    house.write({"web": well()}, control={"mode": "0666"})
    house.root.chmod(0o755)
    await house.start()
    pids = await house.running("web")
    for looking in ("status", "breakers", "tasks", "flags", "incidents", "version"):
        ran = await house.ctl(looking, uid=NOBODY)
        assert 0 == ran.status, ran.err
    for args in (
        ("stop", "web"),
        ("start", "web"),
        ("restart", "web"),
        ("signal", "KILL", "web"),
        ("resume", "--reason", "x"),
        ("reset", "program:web", "--force", "--reason", "x"),
        ("pause-all",),
        ("resume-all",),
        ("cleanup",),
        ("unregister", "self-check"),
        ("reload",),
        ("update",),
        ("add", "web"),
        ("remove", "web"),
        ("shutdown", "--yes"),
    ):
        ran = await house.ctl(*args, uid=NOBODY)
        assert 6 == ran.status, (args, ran)
    assert pids == await house.running("web")


async def test_an_operator_named_in_the_config_may(house: House) -> None:
    """``operators`` lets a user in who is neither root nor the daemon's own."""
    if os.geteuid() != 0:
        pytest.skip("only root may switch users")
    control = {"mode": "0666", "operators": ["nobody"]}
    house.write({"web": well()}, control=control)
    house.root.chmod(0o755)
    await house.start()
    await house.running("web")
    assert 0 == (await house.ctl("stop", "web", uid=NOBODY)).status
    [event] = await house.until(said("stop web", kind="operator.acted"))
    assert f"uid {NOBODY}" in event["data"]["by"]


async def test_a_socket_closed_to_others_is_named_with_its_reason(house: House) -> None:
    """With the usual mode a stranger is not let in at all: 5, no permission."""
    if os.geteuid() != 0:
        pytest.skip("only root may switch users")
    house.write({})
    house.root.chmod(0o755)
    await house.start()
    assert 0o660 == stat.S_IMODE(house.socket.stat().st_mode)
    ran = await house.ctl("status", uid=NOBODY)
    assert 5 == ran.status
    assert "no permission" in ran.err
    assert str(house.socket) in ran.err


async def test_completion_knows_what_the_daemon_has(house: House) -> None:
    """The shell completes programs', breakers' and tasks' names of this daemon."""
    house.write({"web": well(), "worker": well(), "api": well()}, tasks={"tick": TICK})
    await house.start()

    async def complete(line: str) -> set[str]:
        environ = {
            "_SELFHEALCTL_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split(" ")) - 1),
        }
        return set((await house.ctl(environ=environ)).out.split())

    assert {"web", "worker"} == await complete("selfhealctl stop w")
    assert {"program:api"} == await complete("selfhealctl reset program:a")
    assert {"tick"} == await complete("selfhealctl unregister t")
    os.kill((await house.running("web"))["web"], signal.SIGKILL)
    await house.until(said("healed", kind="incident.ended"))
    assert {"web-1", "web"} == await complete("selfhealctl show w")
    assert {"web-1", "web"} == await complete("selfhealctl evidence ")
    house.signal(signal.SIGSTOP)
    try:
        with trio.fail_after(DEADLINE):
            assert set() == await complete("selfhealctl stop w")
    finally:
        house.signal(signal.SIGCONT)


async def test_follow_shows_what_happens_until_it_is_interrupted(house: House) -> None:
    """Each event of those named as it comes, and of nobody else; Ctrl-C ends it."""
    house.write({"web": well(), "db": well()})
    await house.start()
    pids = await house.running("web", "db")
    out = house.root / "followed"
    with out.open("wb") as file:
        follower = await trio.lowlevel.open_process(
            [sys.executable, "-u", "-m", "selfhealctl", "events", "--follow", "web"],
            stdout=file,
            env={
                **os.environ,
                "SELFHEALCTL_SOCKET": str(house.socket),
                "PYTHONPATH": os.pathsep.join(filter(None, reversed(sys.path))),
            },
        )
    try:
        await soon(lambda: '"pid":' in out.read_text())
        assert 0 == (await house.ctl("restart", "db")).status
        os.kill(pids["web"], signal.SIGKILL)
        await soon(lambda: "incident.ended" in out.read_text())
        told = map(json.loads, out.read_text().splitlines())
        assert {"web"} == {one["service"] for one in told}
        follower.send_signal(signal.SIGINT)
        with trio.fail_after(DEADLINE):
            assert 0 == await follower.wait()
    finally:
        if follower.poll() is None:
            follower.kill()
            await follower.wait()


async def test_a_client_killed_half_way_leaves_nothing_half_done(house: House) -> None:
    """A restart whose client goes away while the program stops is carried through."""
    slow = sh('trap "" TERM; while :; do sleep 0.1; done', stopwaitsecs=1)
    house.write({"slow": slow})
    await house.start()
    pids = await house.running("slow")
    async with house.connect() as line:
        await line.call("restart", names=["slow"])
        await house.until(after("STOPPING", "slow"))
    await house.until(after("RUNNING", "slow", run=2))
    assert (await house.program("slow"))["pid"] != pids["slow"]
    status = await house.call("status")
    assert programs(status)["slow"]["wanted"]
    assert "healthy" == status["status"]
