"""Every command of docs/emergencies.md, typed in its emergency at a real daemon."""

import os
import re
import shlex
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import harness
import pytest
from harness import Document, House, Ran, breaker, hopeless, said, well
from scripted_model import endpoint, http

PAGE = (Path(__file__).parents[2] / "docs" / "emergencies.md").read_text()
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
AUTOMATION = "FEATURE_AUTO_HEALING_ENABLED"

pytestmark = pytest.mark.process


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with harness.house() as made:
        for name in ("selfhealctl", "selfhealingd"):
            command = made.root / "bin" / name
            command.parent.mkdir(exist_ok=True)
            command.write_text(f'#!/bin/sh\nexec {sys.executable} -m {name} "$@"\n')
            command.chmod(0o755)
        yield made


def chapters() -> dict[str, list[list[str]]]:
    """Return what is to be typed: the lines of each block, by chapter."""
    first, *parts = re.split(r"^## (.+)\n", PAGE, flags=re.MULTILINE)
    texts = {"": first, **dict(zip(parts[::2], parts[1::2], strict=True))}
    return {
        title: [block.splitlines() for block in BLOCK.findall(text)]
        for title, text in texts.items()
    }


TYPED = chapters()


async def typed(house: House, line: str) -> Ran:
    """Type a line of the page, at this daemon."""
    places = {
        "PATH": f"{house.root / 'bin'}:{os.environ['PATH']}",
        "SELFHEALCTL_SOCKET": str(house.socket),
        "SELFHEALINGD_CONFIG": str(house.config),
    }
    here = line.replace("/etc/selfhealingd/flags.env", str(house.flags))
    return await harness.execute("sh", "-c", here, environ=places, cwd=house.root)


async def done(house: House, block: list[str]) -> list[str]:
    """Type each line of a block; return what they said. None of them may fail."""
    said = []
    for line in block:
        ran = await typed(house, line)
        assert 0 == ran.status, f"{line}\n{ran.out}{ran.err}"
        said.append(ran.out)
    return said


async def automation(house: House) -> bool:
    flags: Document = await house.call("flags")
    return bool(flags["values"][AUTOMATION])


def test_every_emergency_has_its_test() -> None:
    """A chapter that is added to the page needs one here."""
    assert {
        "",
        "Automation does harm",
        "The engine is dormant",
        "A program is FATAL",
        "Too many background tasks",
        "All keys failed",
        "The daemon does not answer",
    } == TYPED.keys()


async def test_automation_does_harm(house: House) -> None:
    """A crash is healed no more, until the line is gone."""
    [look], [stop, go] = TYPED[""], TYPED["Automation does harm"]
    house.write({"web": well(), "db": well()})
    await house.start()
    pids = await house.running("web", "db")
    await done(house, look)
    await done(house, stop)
    assert not await automation(house)
    os.kill(pids["web"], 9)
    await house.until(said(service="web", kind="service.transition", after="EXITED"))
    await done(house, go)
    assert await automation(house)
    assert pids["web"] != (await house.running("web", "db"))["web"]


async def test_the_engine_is_dormant(house: House) -> None:
    """It is resumed, goes dormant again, and the last resort leaves that, too."""
    stop, find, resume, watch, last = TYPED["The engine is dormant"]
    house.write({"web": hopeless()})
    await house.start()
    await house.until_status(lambda status: status["selfHealing"]["isDormant"])
    [issues, *_] = await done(house, stop)
    assert "CRITICAL: Self-Healing Engine in DORMANT mode" in issues
    await done(house, find)
    assert not await automation(house)
    house.change(web=well())
    await done(house, resume)
    await house.running("web")
    assert ["0\n"] == await done(house, watch)
    house.change(web=hopeless())
    await typed(house, "selfhealctl update")
    await house.until_status(lambda status: status["selfHealing"]["isDormant"])
    await house.kill9()
    house.change(web=well())
    [line] = last
    await house.start(*shlex.split(line)[1:])
    status = await house.call("status")
    assert not status["selfHealing"]["isDormant"]


async def test_a_program_is_fatal(house: House) -> None:
    """The others run on, and the engine takes it again once it is reset."""
    look, again = TYPED["A program is FATAL"]
    others = {f"p{number}": well() for number in range(4)}
    house.write({"web": hopeless(), **others})
    await house.start()
    await house.until_status(lambda s: harness.programs(s)["web"]["state"] == "FATAL")
    await done(house, look)
    house.change(web=well())
    await done(house, ["selfhealctl reload", *again])
    await house.running("web", *others)
    status = await house.call("status")
    assert "CLOSED" == breaker(status, "program:web")["state"]


async def test_too_many_background_tasks(house: House) -> None:
    """None is left; all but one come back."""
    away, back = TYPED["Too many background tasks"]
    names = ["prune", *(f"t{number}" for number in range(11))]
    task = {"command": "true", "every": "1h"}
    house.write({"web": well()}, tasks=dict.fromkeys(names, task))
    await house.start()
    status = await house.call("status")
    assert any("background tasks" in issue for issue in status["issues"])
    [*_, left] = await done(house, away)
    assert "0" == left.strip()
    await done(house, back)
    tasks = (await house.call("tasks"))["tasks"]
    assert "prune" not in {one["id"] for one in tasks if one["state"] != "ended"}
    await house.running("web")


async def test_all_keys_failed(house: House) -> None:
    """With a new key in the file, one is active, and automation is on as before."""
    before, after = TYPED["All keys failed"]
    keys = house.root / "llm.keys"
    keys.write_text("sk-ant-refused-0123456789\n")
    keys.chmod(0o600)
    async with endpoint(http(401, "{}")) as model:
        llm = {"endpoint": model.url, "key_file": str(keys)}
        house.write(
            {"web": well(), "bad": hopeless(healing={"open_after": 1})}, llm=llm
        )
        await house.start()
        status = await house.until_status(
            lambda status: status["llm"]["keyManagement"]["failedKeys"] == 1
        )
        assert any("for the model failed" in issue for issue in status["issues"])
        await done(house, before)
        assert not await automation(house)
        [put, *rest] = after
        into = put.replace("/etc/selfhealingd/llm.keys", str(keys))
        assert 0 == (await typed(house, f"echo sk-ant-new-0123456789 | {into}")).status
        said = await done(house, rest)
        assert "1\n" in said
        assert await automation(house)


async def test_the_daemon_does_not_answer(house: House) -> None:
    """One that hangs is ended by what the messages say; a start adopts what runs on."""
    [[ask], [end], [check, start]] = TYPED["The daemon does not answer"]
    house.write({"web": well()})
    await house.start()
    pids = await house.running("web")
    daemon = (await house.call("status"))["pid"]
    os.kill(daemon, signal.SIGSTOP)
    kill = end.replace("PID", str(daemon))
    hangs = await typed(house, f"{ask} --timeout 1")
    assert 7 == hangs.status
    assert f"it hangs: {kill};" in hangs.err
    second = await typed(house, start)
    assert 3 == second.status
    assert f"where it does not answer: {kill} " in second.out
    await done(house, [kill])
    await house.kill9()
    assert 5 == (await typed(house, ask)).status
    await done(house, [check])
    assert ["selfhealingd"] == shlex.split(start)
    await house.start()
    assert pids == await house.running("web")
