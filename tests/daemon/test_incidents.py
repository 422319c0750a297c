"""What went wrong can be asked for afterwards: one incident, with what was kept."""

import json
import os
import signal
import stat
from pathlib import Path

import pytest
from harness import NOBODY, Document, House, said, sh, soon, well

pytestmark = pytest.mark.process

LAST_WORDS = """
echo starting
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
    ):
        assert words in shown.out
    document = (await house.ctl("show", "web-1")).json
    assert "healed" == document["incident"]["outcome"]
    kinds = [moment["words"] for moment in document["timeline"]]
    assert kinds[0].startswith("crashed: killed by SIGSEGV")
    assert kinds[-1].startswith("healed")


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
    assert [] == await ids("nobody")
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
    never = await house.ctl("show", "db")
    assert (4, True) == (never.status, "has had no incident" in never.err)
    assert 4 == (await house.ctl("evidence", "../state")).status


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
