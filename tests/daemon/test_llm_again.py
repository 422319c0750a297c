"""A model is not asked twice what it was asked before; its script is on loopback."""

import tomllib

import pytest
import trio
from harness import Document, House, sh, soon, well
from scripted_model import Endpoint, endpoint, http, message

pytestmark = pytest.mark.process

ENVIRON = {"ANTHROPIC_API_KEY": "sk-ant-0123456789"}


async def crashed(house: House, model: Endpoint) -> None:
    """Have an incident, web-1, with evidence, that nothing heals."""
    web = sh('echo "$(date) pid $$: no config"; exit 3')
    house.write({"web": web, "db": well()}, llm={"endpoint": model.url, "timeout": 20})
    house.flags.write_text("FEATURE_AUTO_HEALING_ENABLED=false\n")
    await house.start(environ=ENVIRON)
    await house.running("db")
    await soon(lambda: list((house.state.parent / "evidence").glob("web-1.json")))


def kept(house: House) -> Document:
    """The state of the endpoint's breaker as it is on disk."""
    state: Document = tomllib.loads(house.state.read_text())["llm"]["breaker"]["state"]
    return state


async def test_the_same_incident_is_asked_about_once(house: House) -> None:
    """Whether two ask at the same time, or it comes again."""
    async with endpoint(message()) as model:
        await crashed(house, model)
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(house.ctl, "llm", "diagnose", "web-1")
        assert 1 == len(model.bodies)
        await house.ctl("restart", "web")  # it crashes again
        await soon(lambda: list((house.state.parent / "evidence").glob("web-2.json")))
        asked = await house.ctl("llm", "diagnose", "web", "--no-json")
        assert (0, "") == (asked.status, asked.err)
        assert "the same as web-1, from the cache" in asked.out
        assert 1 == len(model.bodies)
        shown = await house.ctl("show", "web-2", "--no-json")
        assert "the same as web-1, from the cache" in shown.out
        assert 'selfhealctl stop web --reason "advised for web-2"' in shown.out


async def test_how_the_endpoint_failed_outlives_the_daemon(house: House) -> None:
    """Its breaker and why the last call failed; a person's word is kept as well."""
    async with endpoint(http(503, "{}")) as model:
        await crashed(house, model)
        for _ in range(3):
            await house.ctl("llm", "diagnose", "web-1")
        await soon(lambda: kept(house)["type"] == "OPEN")
        await house.kill9()
        await house.start(environ=ENVIRON)
        asked = await house.ctl("llm", "diagnose", "web-1")
        assert "breaker llm is OPEN" in asked.err
        last = (await house.ctl("llm", "--json")).json["lastFailure"]
        words = "the model's endpoint answered 503"
        assert ("web-1", words) == (last["incident"], last["words"])
        how = await house.ctl("llm", "--no-json")
        assert f"in vain  {words} (web-1, " in how.out
        shown = await house.ctl("show", "web-1", "--no-json")
        assert f"a model was asked, in vain: {words} (at {last['at']})" in shown.out
        assert 3 == len(model.bodies)
        assert 0 == (await house.ctl("reset", "llm", "--reason", "mended")).status
        await house.stop()
        await house.start(environ=ENVIRON)
        [llm] = [
            one
            for one in (await house.call("status"))["circuitBreakers"]
            if one["name"] == "llm"
        ]
        assert ("CLOSED", "mended") == (llm["state"], llm["changeReason"])
