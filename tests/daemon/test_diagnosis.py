"""An operator asks a model what went wrong; the model is a script on loopback."""

import base64
import json
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trio
from harness import House, said, sh, soon, well
from scripted_model import GOOD, Endpoint, endpoint, http, message

pytestmark = pytest.mark.process

KEY = "sk-ant-planted-0123456789"
SECRET = "Hunter/2+Planted&Secret"  # noqa: S105 - it is planted to be looked for
ENVIRON = {"ANTHROPIC_API_KEY": KEY}
SAYS = f"""
echo "plain $DB_PASSWORD"
echo "base64 {base64.b64encode(f"me:{SECRET}".encode()).decode()}"
echo "hex {SECRET.encode().hex()}"
echo "url Hunter%2F2%2BPlanted%26Secret"
echo "other token=planted-by-nobody"
exit 3
"""


async def crashed(
    house: House, model: Endpoint, *, healing: bool = False, **llm: Any
) -> None:
    """Have an incident, web-1, with evidence, and a daemon that has a key.

    Without ``healing`` no breaker opens: the model is asked by nobody but us.
    """
    web = sh(SAYS, environment={"DB_PASSWORD": SECRET})
    table = {"endpoint": model.url, "timeout": 20, **llm}
    house.write({"web": web, "db": well()}, llm=table)
    if not healing:
        house.flags.write_text("FEATURE_AUTO_HEALING_ENABLED=false\n")
    await house.start(environ=ENVIRON)
    await house.running("db")
    await soon(lambda: list((house.state.parent / "evidence").glob("web-1.json")))


def without_secrets(text: str) -> bool:
    """Whether none of what was planted is in there, in any encoding that is claimed."""
    whole = base64.b64encode(f"me:{SECRET}".encode()).decode()
    planted = (KEY, SECRET, SECRET.encode().hex(), "%2F2%2BPlanted", whole[4:-4])
    return not any(one in text for one in planted)


async def test_a_model_is_asked_and_its_report_shown(house: House) -> None:
    """What is sent is what preview prints, to the byte, and no secret is in it."""
    async with endpoint(message()) as model:
        await crashed(house, model, price_input=1000, price_output=5000)
        status = await house.call("status")
        assert {
            "totalKeys": 1,
            "activeKeys": 1,
            "failedKeys": 0,
            "coolingKeys": 0,
        } == status["llm"]["keyManagement"]
        assert [] == model.bodies  # nothing was asked by itself
        preview = await house.ctl("llm", "preview", "web-1")
        assert (0, "") == (preview.status, preview.err)
        asked = await house.ctl("llm", "diagnose", "web-1", "--no-json")
        assert (0, "") == (asked.status, asked.err)
        assert [preview.out.rstrip("\n").encode()] == model.bodies
        again = await house.ctl("llm", "diagnose", "web-1")
        assert 0 == again.status
        assert 1 == len(model.bodies)  # it has a report
        await house.until(said("bad config", kind="incident.diagnosed", cost=0.2))
        shown = await house.ctl("show", "web-1", "--no-json")
        piped = (await house.ctl("show", "web-1")).json
        how = await house.ctl("llm", "--no-json")
        left = await house.call("llm")
    for words in ("diagnosis by the model", "bad config, 80% sure", GOOD["summary"]):
        assert str(words) in shown.out
    assert "selfhealctl stop web --reason" in shown.out
    assert "rules" == piped["diagnosis"]["by"]
    assert ("model", GOOD["summary"]) == (
        piped["modelDiagnosis"]["by"],
        piped["modelDiagnosis"]["summary"],
    )
    assert (5, 200_000 - 120) == (left["callsLeft"], left["tokensLeft"])
    assert (0.2, 0.2) == (left["costToday"], left["costThisMonth"])
    assert "120 tokens, 0.2 by the prices then" in shown.out
    assert "0.2 today, 0.2 this month" in how.out
    assert "variable ANTHROPIC_API_KEY" in how.out
    sent = model.bodies[0].decode()
    assert "[redacted]" in sent
    assert "planted-by-nobody" not in sent
    assert without_secrets(sent)
    assert without_secrets(json.dumps([status, left]) + how.out)
    assert without_secrets(shown.out.partition("diagnosis by")[2])
    await house.stop()
    state = house.state.parent
    for file in (*state.glob("*"), *state.glob("diagnoses/*"), house.output):
        if file.is_file():
            assert without_secrets(file.read_text(errors="replace")), file
    for file in state.rglob("*"):
        if file.is_file():
            assert KEY not in file.read_text(errors="replace")


WRONG = (
    message({**GOOD, "action": "run rm -rf /"}),
    message({**GOOD, "action": "hold\nselfhealctl stop all"}),
    message({**GOOD, "lines": [100_000]}),
    message({**GOOD, "target": "db"}),
    message({**GOOD, "summary": "\x1b[2J"}),
    message({**GOOD, "summary": "\x9b2J\u202e"}),
    message({**GOOD, "summary": "x" * 3_000_000}),
    message(stop_reason="max_tokens"),
    message(stop_reason="refusal", content=[]),
    message(content=[{"type": "tool_use", "id": "a", "name": "sh", "input": GOOD}]),
    message(content="nonsense", usage="nonsense"),
    http(200, "<html>"),
    http(529, "{}"),
    http(429, "{}", retry_after="999999999"),
)


async def test_an_answer_that_is_not_right_is_not_used(house: House) -> None:
    """There is no report then, status is well, and no program was touched."""
    told = ""
    async with endpoint() as model:
        await crashed(house, model, calls_per_hour=50)
        runs = (await house.program("db"))["runs"]
        for answer in WRONG:
            model.answer = answer
            asked = await house.ctl("llm", "diagnose", "web-1")
            assert (1, "") == (asked.status, asked.out), answer[-500:]
            assert "selfhealctl: cannot diagnose web-1: the model's" in asked.err
            told += asked.err
        refused = await house.ctl("llm", "diagnose", "web-1", "-o", "json")
        assert (1, [False]) == (refused.status, [one["ok"] for one in refused.json])
        assert "selfhealctl: cannot diagnose web-1: no key can be used" in refused.err
        [key] = (await house.call("llm"))["keys"]
        left = await house.call("llm")
    assert not {"\x1b", "\x9b", "\u202e"} & set(told)
    assert "cooling for 3600 s" in key["state"] or "cooling for 359" in key["state"]
    assert len(WRONG) == len(model.bodies) == 50 - left["callsLeft"]
    shown = (await house.ctl("show", "web-1", "--no-json")).out
    assert "diagnosis by" not in shown
    assert "a model was asked, in vain: the model's endpoint answered 429" in shown
    assert [] == list((house.state.parent / "diagnoses").glob("*"))
    assert runs == (await house.program("db"))["runs"]


async def test_keys_that_fail_are_told_and_new_ones_taken_by_sighup(
    house: House,
) -> None:
    """Typed through as status recommends; a file that others can read is refused."""
    file = house.root / "keys"
    file.write_text("a-new-key\nanother-key\n")
    file.chmod(0o644)
    async with endpoint(http(401, "{}")) as model:
        await crashed(house, model, key_file=str(file))
        status = await house.call("status")
        assert any("chmod 600" in issue for issue in status["issues"])
        assert 1 == status["llm"]["keyManagement"]["totalKeys"]
        for command in (["llm", "keys", "--no-json"], ["reload"]):
            assert f"chmod 600 {file}" in (await house.ctl(*command)).out
        assert 1 == (await house.ctl("llm", "diagnose", "web-1")).status
        status = await house.call("status")
        keys = status["llm"]["keyManagement"]
        assert (0, 1) == (keys["activeKeys"], keys["failedKeys"])
        assert "critical" == status["status"]
        place = next(n for n, i in enumerate(status["issues"]) if "the key for" in i)
        assert status["issues"][place].startswith("CRITICAL: ")
        assert "selfhealctl reload" in status["recommendations"][place]
        file.chmod(0o600)
        house.signal(signal.SIGHUP)
        status = await house.until_status(
            lambda s: s["llm"]["keyManagement"]["totalKeys"] == 3
        )
        file.write_text("a-new-key\nyet-another-key\n")
        applied = (await house.ctl("reload")).json["applied"]
        assert [f"key gone: {file}, key 2", f"key added: {file}, key 2"] == applied
        file.write_text("a-new-key\nanother-key\n")
        assert 0 == (await house.ctl("reload")).status
        assert 2 == status["llm"]["keyManagement"]["activeKeys"]
        assert not any("the key for" in issue for issue in status["issues"])
        model.answers = [http(429, "{}", retry_after="100")]
        model.answer = message()
        assert 0 == (await house.ctl("llm", "diagnose", "web-1")).status
        assert "another-key" in model.heads[-1]  # the next key, at once
        keys = (await house.call("status"))["llm"]["keyManagement"]
        assert (1, 1) == (keys["activeKeys"], keys["coolingKeys"])
        assert without_secrets((await house.ctl("llm", "keys", "--no-json")).out)


def helpers(model: Endpoint) -> list[Path]:
    """Those that ask that model now, in /proc; their question is what they read."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if b"selfhealingd.diagnose.helper" in (process / "cmdline").read_bytes():
                asked = (process / "fd" / "0").read_bytes()
                found += [process] if model.url.encode() in asked else []
    return found


async def test_a_call_that_hangs_holds_up_nothing_and_stays_spent(
    house: House,
) -> None:
    """A program is restarted meanwhile; after kill -9 the budget is what it was."""
    async with endpoint() as model:
        arrived = trio.Event()

        async def silent() -> Any:
            arrived.set()
            await trio.sleep_forever()
            yield b""

        model.pieces = silent
        await crashed(house, model, price_input=1000, price_output=5000)
        async with house.connect() as line:
            await line.call("llm-diagnose", id="web-1")
            with trio.fail_after(30):
                await arrived.wait()
            before = (await house.running("db"))["db"]
            with trio.fail_after(10):
                assert 0 == (await house.ctl("restart", "db")).status
            assert before != (await house.running("db"))["db"]
        [helper] = helpers(model)
        given = (helper / "environ").read_bytes()
        assert {b"SELFHEALINGD_INSTANCE", b"SELFHEALINGD_TASK", b""} == {
            one.partition(b"=")[0] for one in given.split(b"\0")
        }
        await house.kill9()
        await soon(lambda: not helpers(model))
        await house.start(environ=ENVIRON)
        left = await house.call("llm")
    assert 5 == left["callsLeft"]
    assert left["costToday"] == left["costThisMonth"] > 1
    assert left["tokensLeft"] < 200_000 - 1024


async def test_one_line_switches_it_off(house: House) -> None:
    """It ends a call under way; and without a key nothing is ever sent either."""
    async with endpoint() as model:
        arrived = trio.Event()

        async def silent() -> Any:
            arrived.set()
            await trio.sleep_forever()
            yield b""

        model.pieces = silent
        await crashed(house, model, timeout=100)
        async with house.connect() as line:
            await line.call("llm-diagnose", id="web-1")
            with trio.fail_after(30):
                await arrived.wait()
            with house.flags.open("a") as flags:
                flags.write("FEATURE_LLM_DIAGNOSIS_ENABLED=false\n")
            assert 0 == (await house.ctl("reload")).status
            with trio.fail_after(20):
                while (told := await line.next()).get("method") != "finished":
                    pass
            [outcome] = told["params"]["outcomes"]
            assert "switched off by FEATURE_LLM_DIAG" in outcome["words"]
        await house.stop()
        await house.start(environ=ENVIRON)
        asked = await house.ctl("llm", "diagnose", "web-1")
        assert 1 == asked.status
        assert f"FEATURE_LLM_DIAGNOSIS_ENABLED=false in {house.flags}" in asked.err
        assert "off" == (await house.call("llm"))["mode"]
        await house.stop()
        house.flags.write_text("FEATURE_AUTO_HEALING_ENABLED=false\n")
        await house.start()
        asked = await house.ctl("llm", "diagnose", "web-1")
        assert "no key" in asked.err
        assert 1 == len(model.bodies)


async def test_a_budget_that_is_spent_is_said(house: House) -> None:
    """And an endpoint that fails again and again is left alone for a while."""
    async with endpoint(http(503, "{}")) as model:
        await crashed(house, model, calls_per_hour=4)
        for _ in range(3):
            await house.ctl("llm", "diagnose", "web-1")
        asked = await house.ctl("llm", "diagnose", "web-1")
        assert "breaker llm is OPEN" in asked.err
        assert 0 == (await house.ctl("reset", "llm", "--reason", "mended")).status
        await house.ctl("llm", "diagnose", "web-1")
        asked = await house.ctl("llm", "diagnose", "web-1")
        assert "4 of 4 calls" in asked.err
        assert 4 == len(model.bodies)
        events = [said("llm diagnose", kind="operator.acted")]
        await house.until(*events)


async def test_a_breaker_that_opens_has_the_model_asked_once(house: House) -> None:
    """Its report is there for whoever comes to look; no program waited for it."""
    async with endpoint(message()) as model:
        await crashed(house, model, healing=True)
        await house.until(said("OPEN", kind="breaker.changed", breaker="program:web"))
        reports = house.state.parent / "diagnoses"
        await soon(lambda: list(reports.glob("web-1.json")))
        shown = await house.ctl("show", "web-1", "--no-json")
        assert "diagnosis by the model" in shown.out
        await house.until(said("PERMANENT_OPEN", kind="breaker.changed"))
        await house.stop()
        assert 1 == len(model.bodies)
        assert without_secrets(model.bodies[0].decode())


async def test_switched_off_nothing_is_asked_by_itself(house: House) -> None:
    """However many breakers open for good."""
    async with endpoint(message()) as model:
        await crashed(house, model, healing=True, mode="off")
        await house.until(said("PERMANENT_OPEN", kind="breaker.changed"))
        await house.stop()
        assert [] == model.bodies
