"""Keys or a model that do not work are told, and mended by what status says to type."""

import json
import os
import re
import signal
import sys
import tomllib

import pytest
import trio
from harness import Document, House, execute, programs, soon, well
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


async def typed(house: House, steps: str, *, pasted: str) -> list[str]:
    """Type all commands of a recommendation in a shell, and say what they said."""
    bin_ = house.root / "bin" / "selfhealctl"
    bin_.parent.mkdir(exist_ok=True)
    bin_.write_text(f'#!/bin/sh\nexec {sys.executable} -m selfhealctl "$@"\n')
    bin_.chmod(0o755)
    environ = {
        "PATH": f"{bin_.parent}:{os.environ['PATH']}",
        "SELFHEALCTL_SOCKET": str(house.socket),
    }
    heard = []
    for step in steps.split("; "):
        command = step.rpartition(": ")[2].removesuffix(", paste it, Enter, Ctrl-D")
        paste = f"printf '{pasted}' | " if command != step else ""
        with trio.fail_after(60):
            ran = await execute(
                "sh", "-c", paste + command, environ=environ, cwd=house.root
            )
        assert 0 == ran.status, f"{command}\n{ran.out}{ran.err}"
        heard.append(ran.out)
        switched = (await house.call("flags"))["values"]["FEATURE_AUTO_HEALING_ENABLED"]
        if "reload" in command:
            heard.append(f"automation {'on' if switched else 'off'}")
    return heard


async def test_all_keys_failed_is_mended_by_what_status_says(house: House) -> None:
    """Contract 8.3: automation off, a key added, reload, activeKeys at 1, on again.

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
        words, _ = advised(status, "all 2 keys")
        assert str(keys) in words
        model.answer = message()
        heard = await typed(house, words, pasted="a-valid-key\\n")
        assert ["off", "off", "on"] == re.findall(r"automation (\w+)", "".join(heard))
        assert 2 == "".join(heard).count("refused with 401")
        [managed] = [json.loads(one) for one in heard if '{\n  "totalKeys"' in one[:20]]
        assert 1 == managed["activeKeys"]
        assert 0o600 == keys.stat().st_mode & 0o777
        assert "a-valid-key\n" == keys.read_text()
        status = await house.call("status")
        assert not any("keys for the model" in issue for issue in status["issues"])
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
