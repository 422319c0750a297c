"""The real daemon over HTTP, asked by a real client."""

import json
import os
import signal
from typing import Any

import pytest
import trio
from browser import STREAM, Browser, Streamed, served
from harness import House, breaker, hopeless, said, well

pytestmark = pytest.mark.process

NOW = ("uptime", "cpu", "memory", "nextRun", "lastStarted", "lastSeconds", "runs")


def lasting(value: Any) -> Any:
    """Leave out what is different at each look."""
    if isinstance(value, dict):
        return {key: lasting(one) for key, one in value.items() if key not in NOW}
    return [lasting(one) for one in value] if isinstance(value, list) else value


async def test_what_is_served(house: House) -> None:
    """The page, whether it is up, its status as ``selfhealctl`` has it, metrics."""
    browser = await served(house)
    await house.running("a")
    stranger = Browser(browser.port)
    page = await stranger.get("/")
    assert (200, "text/html; charset=utf-8") == (
        page.status,
        page.headers["content-type"],
    )
    assert b"<title>selfhealingd" in page.body
    same = await stranger.get("/", If_None_Match=page.headers["etag"])
    assert (304, b"") == (same.status, same.body)
    assert 404 == (await stranger.get("/static/..%2fweb.py")).status
    assert {"status": "ok"} == (await stranger.get("/healthz")).json
    status = await stranger.get("/api/status")
    told = await house.ctl("status")
    assert lasting(told.json) == lasting(status.json)
    assert told.out.split("\n")[:9] == status.body.decode().split("\n")[:9]
    metrics = await stranger.get("/metrics")
    assert b'\nselfhealingd_service_up{service="a"} 1.0\n' in metrics.body
    assert b"\nselfhealingd_loop_lag_seconds " in metrics.body
    kind = b'\nselfhealingd_events_total{kind="service.transition"} '
    assert kind in metrics.body
    assert metrics.headers["content-type"].startswith("text/plain; version=")
    assert 0 == await house.stop()


async def test_methods_by_http(house: House) -> None:
    """Looking is free on loopback; acting takes the token, and is journalled."""
    browser = await served(house)
    stranger = Browser(browser.port)
    [pid] = (await stranger.get("/api/pid?names=a")).json
    assert pid == {"name": "a", "pid": (await house.running("a"))["a"]}
    odd = await stranger.get("/api/incidents?limit=many")
    assert (400, "bad-request") == (odd.status, odd.error["kind"])
    assert "Expected `int`" in odd.error["message"]
    twice = await stranger.get("/api/incidents?limit=1&names=a&names=a&limit=2")
    assert (400, True) == (
        twice.status,
        "limit is there twice" in twice.error["message"],
    )
    refused = await stranger.post("/api/stop", {"names": ["a"]})
    assert (401, "it takes the token to change something") == (
        refused.status,
        refused.error["message"],
    )
    wrong = await Browser(browser.port, "0" * 64).post("/api/cleanup")
    assert (401, "this is not the token") == (wrong.status, wrong.error["message"])
    assert 401 == (await Browser(browser.port, "0" * 64).get("/")).status
    nobody = await browser.post("/api/stop", {"names": ["b"]})
    assert (404, "no-such-name") == (nobody.status, nobody.error["kind"])
    unknown = await browser.post("/api/stop", {"named": ["a"]})
    assert (400, "bad-request") == (unknown.status, unknown.error["kind"])
    begun = await browser.post("/api/stop", {"names": ["a"], "reason": "a test"})
    assert (202, ["a"]) == (begun.status, begun.json["names"])
    await house.until(said("asked for by web token from 127.0.0.1: a test"))
    lines = await browser.post(
        "/api/start", {"names": ["a"]}, Accept="application/x-ndjson"
    )
    told = [json.loads(line) for line in lines.body.splitlines()]
    assert ["a"] == told[0]["result"]["names"]
    assert {"progress"} == {one["method"] for one in told[1:-1]}
    assert ["a"] == [one["name"] for one in told[-1]["params"]["outcomes"] if one["ok"]]
    short = await browser.post(
        "/api/signal",
        {"names": ["a"], "signal": "CONT"},
        Accept="application/x-ndjson",  # of which there is nothing to tell later
    )
    assert ("application/json", ["a"]) == (
        short.headers["content-type"],
        [one["name"] for one in short.json],
    )
    tail = await browser.post("/api/tail", {"names": ["a"]})
    assert b'"method":"ended"' in tail.body.splitlines()[-1]
    assert 405 == (await stranger.get("/api/stop")).status
    assert 404 == (await stranger.get("/api/subscribe")).status
    described = (await stranger.get("/api/openapi.json")).json
    assert "3.1.0" == described["openapi"]
    assert 0 == await house.stop()


async def test_dormancy_is_left_by_http(house: House) -> None:
    """As operators were promised: with a reason, which is recorded with who gave it."""
    browser = await served(house, programs={"a": hopeless()})
    await house.until_status(lambda s: s["selfHealing"]["isDormant"])
    resume = "/api/system/heal/resume"
    blank = await browser.post(resume, {"reason": " "})
    assert (400, "a reason is required") == (blank.status, blank.error["message"])
    house.change(a=well())
    assert 200 == (await browser.post("/api/reload")).status
    assert 200 == (await browser.post(resume, {"reason": "mended"})).status
    status = (await browser.get("/api/status")).json
    main = breaker(status, "self-healing-main")
    assert (False, 0, "CLOSED") == (
        status["selfHealing"]["isDormant"],
        status["selfHealing"]["consecutiveFailures"],
        main["state"],
    )
    assert ("mended", "web token from 127.0.0.1") == (
        main["changeReason"],
        main["changedBy"],
    )
    await house.kill9()
    await house.start()  # who gave the reason is in the state file as well
    main = breaker(await house.call("status"), "self-healing-main")
    assert "web token from 127.0.0.1" == main["changedBy"]
    assert 0 == await house.stop()


async def test_a_crash_is_streamed_within_a_second(house: House) -> None:
    """The status first, then what happens, and the status that came of it."""
    browser = await served(house)
    pid = (await house.running("a"))["a"]
    async with await trio.open_tcp_stream("127.0.0.1", browser.port) as stream:
        await stream.send_all(STREAM)
        events = Streamed(stream)
        name, status = await events.next()
        assert ("status", pid) == (name, status["programs"][0]["pid"])
        os.kill(pid, signal.SIGKILL)
        began = trio.current_time()
        told: list[tuple[str, Any]] = []
        while not (told and told[-1][0] == "status" and told[-1][1]["incidents"]):
            told.append(await events.next())
        took = trio.current_time() - began
        kinds = [document["kind"] for name, document in told if name == "announce"]
        assert "incident.opened" in kinds
        [incident] = told[-1][1]["incidents"]
        assert ("a", "exit") == (incident["service"], incident["cause"])
        print(f"told {took:.3f} s after the crash")  # noqa: T201 - shown with -s
    assert 0 == await house.stop()
