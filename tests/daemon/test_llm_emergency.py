"""Keys or a model that do not work are told, and mended by what status says to type."""

import os
import re
import signal
import tomllib

import pytest
from harness import Document, House, programs, soon, well
from scripted_model import Endpoint, endpoint, http, message

pytestmark = pytest.mark.process


def advised(status: Document, issue: str) -> tuple[str, list[list[str]]]:
    """Return the recommendation for an issue, and the commands in it."""
    [place] = [n for n, words in enumerate(status["issues"]) if issue in words]
    words: str = status["recommendations"][place]
    found = re.findall(r"selfhealctl ([a-z -]+)", words)
    return words, [command.split() for command in found]


async def failing(house: House, model: Endpoint, **environ: str) -> None:
    """Have an incident of web's, and nobody who asks about it by himself."""
    llm = {"endpoint": model.url, "timeout": 20, "key_file": "keys"}
    house.write({"web": well(), "db": well()}, llm=llm)
    await house.start(environ=environ)
    await house.running("web", "db")
    await crash(house, "web")
    await soon(lambda: list((house.state.parent / "evidence").glob("web-1.json")))


async def crash(house: House, name: str) -> None:
    """Kill a program, and wait until it is up again."""
    before = (await house.program(name))["pid"]
    os.kill(before, signal.SIGKILL)
    await house.until_status(
        lambda s: (
            programs(s)[name]["state"] == "RUNNING"
            and programs(s)[name]["pid"] != before
        )
    )


async def automation(house: House, *, on: bool) -> None:
    """Switch it by the flag file and SIGHUP, as contract section 6 says."""
    with house.flags.open("a") as flags:
        flags.write(f"FEATURE_AUTO_HEALING_ENABLED={str(on).lower()}\n")
    house.signal(signal.SIGHUP)
    await house.until_status(
        lambda s: s["flags"]["values"]["FEATURE_AUTO_HEALING_ENABLED"] is on
    )


async def test_all_keys_failed_is_mended_by_what_status_says(house: House) -> None:
    """Contract 8.3: automation off, a key added, SIGHUP, activeKeys at 1, on again.

    Programs are healed by rules all the while.
    """
    keys = house.root / "keys"
    keys.touch(0o600)
    keys.write_text("a-key-of-the-file\n")
    async with endpoint(http(401, "{}")) as model:
        await failing(house, model, ANTHROPIC_API_KEY="a-key")
        asked = await house.ctl("llm", "diagnose", "web-1")
        assert 1 == asked.status
        assert ["a-key", "a-key-of-the-file"] == [
            re.findall("Bearer (.*)", head)[0].strip() for head in model.heads[:2]
        ]
        status = await house.until_status(lambda s: s["status"] == "critical")
        managed = status["llm"]["keyManagement"]
        assert {"totalKeys": 2, "activeKeys": 0, "failedKeys": 2} == {
            name: managed[name] for name in ("totalKeys", "activeKeys", "failedKeys")
        }
        assert any(
            issue.startswith("CRITICAL: all 2 keys for the model failed; healing")
            for issue in status["issues"]
        )
        await crash(house, "db")  # which is healed as ever
        words, commands = advised(status, "all 2 keys")
        assert [["llm", "keys"], ["reload"]] == commands
        assert str(keys) in words
        # 1: automation off, at once.
        await automation(house, on=False)
        assert "critical" == (await house.call("status"))["status"]
        # 2: what is recommended, to the word.
        shown = await house.ctl(*commands[0], "--no-json")
        assert 2 == shown.out.count("refused with 401")
        keys.write_text("a-key-of-the-file\na-valid-key\n")
        model.answer = message()
        assert 0 == (await house.ctl(*commands[1])).status
        status = await house.until_status(
            lambda s: s["llm"]["keyManagement"]["activeKeys"] >= 1
        )
        assert not any("keys for the model" in issue for issue in status["issues"])
        # 3: automation on.
        await automation(house, on=True)
        assert 0 == (await house.ctl("llm", "diagnose", "web-1")).status
        # And once more, mended at the provider's: who asks again need not reload.
        model.answer = http(402, "{}")
        assert 1 == (await house.ctl("llm", "diagnose", "db")).status
        await house.until_status(lambda s: s["status"] == "critical")
        model.answer = message()
        assert 0 == (await house.ctl("llm", "diagnose", "db")).status
        await house.until_status(lambda s: s["status"] != "critical")


async def test_a_model_that_nobody_knows_is_a_mistake_in_the_config(
    house: House,
) -> None:
    """Told with the key, the file and what to do; no key and no breaker is blamed."""
    async with endpoint(http(404, '{"type": "error"}')) as model:
        await failing(house, model, ANTHROPIC_API_KEY="a-key")
        assert 1 == (await house.ctl("llm", "diagnose", "web-1")).status
        status = await house.call("status")
        [issue] = [one for one in status["issues"] if "[llm]" in one]
        named = tomllib.loads(house.config.read_text())["llm"].get("model", "claude")
        assert issue.startswith("WARNING: the endpoint of [llm] knows no model")
        assert named in issue
        words, commands = advised(status, "[llm]")
        assert str(house.config) in words
        assert "model" in words
        assert [["reload"]] == commands
        assert 1 == status["llm"]["keyManagement"]["activeKeys"]
        assert "CLOSED" == (await house.call("llm"))["breaker"]
        assert 200_000 == (await house.call("llm"))["tokensLeft"]  # nothing was paid
        text = house.config.read_text()
        house.config.write_text(text.replace("[llm]", '[llm]\nmodel = "a-known-one"'))
        model.answer = message()
        assert 0 == (await house.ctl(*commands[0])).status
        status = await house.call("status")
        assert not any("[llm]" in one for one in status["issues"])
        assert 0 == (await house.ctl("llm", "diagnose", "web-1")).status
        assert b'"model":"a-known-one"' in model.bodies[-1]
