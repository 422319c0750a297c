"""What went wrong can be asked for afterwards: one incident, with what was kept."""

import json
import os
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness import HEALING, NOBODY, Document, House, programs, said, sh, soon, well

pytestmark = pytest.mark.process

LAST_WORDS = """
# The next run says nothing: its words may come before it is known where the first end.
[ -e said ] || echo starting
touch said
read line < go
echo 'Traceback (most recent call last):'
echo 'ValueError: no such tenant'
kill -SEGV $$
"""


def kept(house: House) -> list[Path]:
    return sorted((house.state.parent / "evidence").glob("*.json"))


async def crash(house: House) -> None:
    """Let the program say its last words and crash, and wait for its healing."""
    os.mkfifo(house.root / "go")
    house.write({"web": sh(LAST_WORDS, directory=str(house.root)), "db": well()})
    await house.start()
    await house.running("web", "db")
    (house.root / "go").write_text("go\n")
    await house.until(said("healed", kind="incident.ended"))
    await soon(lambda: kept(house))


async def test_a_crash_is_told_from_its_beginning(house: House) -> None:
    """What it said last, how it ended, what was tried, and what to type next."""
    await crash(house)
    shown = await house.ctl("show", "web", "--no-json")
    assert (0, "") == (shown.status, shown.err)
    for words in (
        "web-1  healed",
        "killed by SIGSEGV",
        "ValueError: no such tenant",
        "trying to restart (attempt 1)",
        "evidence: 3 lines of output",
        "selfhealctl evidence web-1",
        "selfhealctl logs web",
        "probably crash  92% sure, by rules",
        "it crashed by SIGSEGV",
    ):
        assert words in shown.out
    document = (await house.ctl("show", "web-1")).json
    report = document["diagnosis"]
    assert ("crash", "restart_once") == (report["cause"], report["action"])
    assert any("killed by SIGSEGV" in one["words"] for one in report["cited"])
    assert "healed" == document["incident"]["outcome"]
    kinds = [moment["words"] for moment in document["timeline"]]
    assert kinds[0].startswith("crashed: killed by SIGSEGV")
    assert kinds[-1].startswith("healed")


async def test_the_story_is_told_without_its_evidence(house: House) -> None:
    """A damaged file, or none, costs what was in it and no more."""
    await crash(house)
    [file] = kept(house)
    for spoil in ("damaged", "not a file", "no folder"):
        if spoil == "damaged":
            file.write_bytes(b'{"incident"')
        else:
            file.unlink()
        if spoil == "not a file":
            os.mkfifo(file)
        if spoil == "no folder":
            file.parent.rmdir()
            file.parent.touch()
        shown = await house.ctl("show", "web", "--no-json")
        assert (0, "") == (shown.status, shown.err)
        assert "trying to restart (attempt 1)" in shown.out
        assert "evidence: cannot read" in shown.out
        assert (await house.ctl("evidence", "web")).status not in {0, 7}
    file.parent.unlink()
    await house.stop()


async def test_what_was_kept_is_of_the_run_that_crashed(house: House) -> None:
    """The next one wrote to the same log by then; its lines are not in it."""
    await crash(house)
    [file] = kept(house)
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    found: Document = json.loads(file.read_bytes())
    assert found == (await house.ctl("evidence", "web-1")).json
    [said_last] = found["output"]
    expected = [
        "starting",
        "Traceback (most recent call last):",
        "ValueError: no such tenant",
    ]
    assert expected == said_last["lines"]
    assert (1, "killed by SIGSEGV") == (found["run"], found["end"].split(" after")[0])
    assert "core" in found["core"]
    words = await house.ctl("evidence", "web", "--no-json")
    assert "ValueError: no such tenant" in words.out


HANGS = """
import os, sys, time
def waits_for_the_lock():
    while True: time.sleep(0.02 if not os.path.exists("hang") else 1000)
waits_for_the_lock()
"""


async def test_one_that_hangs_is_looked_at_before_it_is_restarted(house: House) -> None:
    """Its process, files, tree and stack as it hung; the restart came after that."""
    alive = {
        "exec": ["test", "!", "-e", "hang"],
        "period": 0.2,
        "timeout": 5,  # verification takes as long: what hangs is not the question
        "failure_threshold": 1,
    }
    program = {
        "command": [sys.executable, "-c", HANGS],
        "directory": str(house.root),
        "liveness": alive,
    }
    house.write({"web": program}, daemon={"sample_interval": 0.1})
    await house.start()
    pid = (await house.running("web"))["web"]
    await house.until_status(lambda status: programs(status)["web"]["cpu"] is not None)
    (house.root / "hang").touch()
    await house.until(said(service="web", kind="incident.opened"))
    await soon(lambda: kept(house))
    (house.root / "hang").unlink()
    await house.until(said("healed", kind="incident.ended"))
    found = (await house.ctl("evidence", "web")).json
    assert (True, pid) == (found["alive"], found["pid"])
    assert pid == found["tree"][0]["pid"]
    assert found["files"]["open"] >= 3
    assert "open files" in found["limits"]
    assert ["run", "ago"] == found["samples"]["columns"][:2]
    assert 1 == found["samples"]["rows"][-1][0]
    if stack := found.get("pythonStack"):  # without py-spy, there is none
        assert any("waits_for_the_lock" in frame for frame in stack)
    shown = await house.ctl("show", "web", "--no-json")
    assert "evidence: " in shown.out
    assert (await house.running("web"))["web"] != pid


SEGFAULTS = (
    "import ctypes, sys; sys.stdin.close(); open('go').read(); ctypes.string_at(0)"
)


TRACES = Path("/proc/sys/debug/exception-trace")
TRACED = TRACES.exists() and TRACES.read_text().strip() == "1"
SLOW: Document = {"backoff_initial": 100, "backoff_max": 200}


def kernel_is_readable() -> bool:
    try:
        os.close(os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return Path("/proc/self/ns/pid").readlink().name == "pid:[4026531836]"


@pytest.mark.skipif(not kernel_is_readable(), reason="the kernel's log is not for us")
async def test_a_segfault_is_told_with_its_library(house: House) -> None:
    """In the kernel's own words."""
    os.mkfifo(house.root / "go")
    program = {"command": [sys.executable, "-c", SEGFAULTS], "startsecs": 0.1}
    house.write({"web": {**program, "directory": str(house.root)}})
    await house.start()
    await house.running("web")
    (house.root / "go").write_text("go")
    await soon(lambda: kept(house))
    found = (await house.ctl("evidence", "web")).json
    if TRACED:
        assert any("segfault at 0" in line for line in found["kernel"])
    assert found["end"].startswith("killed by SIGSEGV")


GLUTTON = """
import os, sys
with open(sys.argv[1], "w") as procs:
    procs.write(str(os.getpid()))
open("go").read()
bytearray(200 << 20)
"""


@pytest.mark.skipif(not kernel_is_readable(), reason="the kernel's log is not for us")
async def test_a_kill_for_want_of_memory_is_told(house: House) -> None:
    """Not just SIGKILL, but by whom and why; whoever may look is told it, too."""
    with memory_cgroup() as cgroup:
        os.mkfifo(house.root / "go")
        command = [sys.executable, "-c", GLUTTON, str(cgroup / "cgroup.procs")]
        program = {"command": command, "startsecs": 0.5, "directory": str(house.root)}
        house.write({"web": program}, healing={**HEALING, **SLOW})
        await house.start()
        await house.running("web")
        (house.root / "go").write_text("go")
        await soon(lambda: kept(house))
        document = (await house.ctl("show", "web")).json
        assert "its cgroup was out of memory" in document["evidence"]["oom"]
        shown = await house.ctl("show", "web", "--no-json")
        assert "its cgroup was out of memory" in shown.out
        await house.ctl("stop", "web")
        await house.stop()


@contextmanager
def memory_cgroup() -> Iterator[Path]:
    """Give a cgroup with 64 MiB of memory, by v2 or v1, whichever is there."""
    for folder, limit in (("", "memory.max"), ("memory", "memory.limit_in_bytes")):
        made = Path("/sys/fs/cgroup", folder, f"selfhealingd-daemon-{os.getpid()}")
        try:
            made.mkdir()
        except OSError:
            continue
        try:
            if (made / limit).exists():
                (made / limit).write_text(str(64 << 20))
                yield made
                return
        finally:
            made.rmdir()
    pytest.skip("no cgroup's memory can be limited here")


async def test_incidents_by_name_time_and_state(house: House) -> None:
    """Of one service, of late, or open ones alone."""
    await crash(house)
    pids = await house.running("db")
    os.kill(pids["db"], signal.SIGKILL)
    await house.until(said("healed", kind="incident.ended", service="db"))

    async def ids(*args: str) -> list[str]:
        return [one["id"] for one in (await house.ctl("incidents", *args)).json]

    assert ["web-1", "db-2"] == await ids()
    assert ["db-2"] == await ids("db")
    assert ["db-2"] == await ids("-n", "1")
    assert ["web-1", "db-2"] == await ids("--since", "1h")
    assert [] == await ids("--open")
    nobody = await house.ctl("incidents", "nobody")
    assert (4, True) == (nobody.status, "no service 'nobody'" in nobody.err)
    event = json.loads((await house.ctl("events", "-n", "1")).out)
    assert event["at"]
    assert [] == await ids("--since", "0.000001")


async def test_what_nobody_knows_is_told(house: House) -> None:
    """A wrong name is status 4, with the likely right one or a next command."""
    await crash(house)
    for command in ("show", "evidence"):
        ran = await house.ctl(command, "web-9")
        assert 4 == ran.status
        assert "selfhealctl incidents" in ran.err
        assert "web-9" in ran.err
    old = await house.ctl("show", "db-1")
    assert (4, True) == (old.status, "'db-1' of db is kept (any more)" in old.err)
    never = await house.ctl("show", "db")
    assert (4, True) == (never.status, "has had no incident" in never.err)
    assert 4 == (await house.ctl("evidence", "../state")).status


async def test_who_is_not_in_the_config_any_more_has_its_story(house: House) -> None:
    """By its name as well as by its number; explained by a new daemon, too."""
    await crash(house)
    assert 0 == await house.stop()
    await house.start()
    explained = await house.ctl("explain", "web")
    words = [one["words"] for one in explained.json["events"]]
    assert any("healed" in one for one in words), words
    house.change(web=None)
    await house.call("reload")
    await house.ctl("update", "--yes")
    for name in ("web", "web-1"):
        shown = await house.ctl("show", name, "--no-json")
        assert (0, "") == (shown.status, shown.err)
        assert "web-1  healed" in shown.out
    assert ["web-1"] == [
        one["id"] for one in (await house.ctl("incidents", "web")).json
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
async def test_who_may_only_look_sees_no_lines(house: House) -> None:
    """The story is for all who may look; what was kept is for operators."""
    house.root.chmod(0o755)
    await crash(house)
    house.socket.chmod(0o666)
    shown = await house.ctl("show", "web", uid=NOBODY)
    assert (0, "") == (shown.status, shown.err)
    assert "3 lines of output" in shown.json["evidence"]["kept"]
    assert "killed by SIGSEGV" in shown.out
    assert "no such tenant" not in shown.out
    report = shown.json["diagnosis"]
    assert ("crash", [], []) == (
        report["cause"],
        report["cited"],
        report["nextCommands"],
    )
    assert 6 == (await house.ctl("evidence", "web", uid=NOBODY)).status


async def test_a_disk_that_takes_no_evidence_holds_up_nothing(house: House) -> None:
    """The crash is healed; status says that nothing is kept, until it is again."""
    house.write({"web": well()})
    await house.start()
    folder = house.state.parent / "evidence"
    folder.write_bytes(b"in the way")
    os.kill((await house.running("web"))["web"], signal.SIGKILL)
    await house.until(said("healed", kind="incident.ended"))
    status = await house.until_status(lambda s: bool(s["issues"]))
    assert "evidence of incidents is not kept" in status["issues"][0]
    folder.unlink()
    pids = await house.running("web")
    os.kill(pids["web"], signal.SIGKILL)
    await soon(lambda: kept(house))
    await house.until_status(lambda s: not s["issues"])
