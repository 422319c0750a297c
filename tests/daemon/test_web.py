"""The real daemon over HTTP, asked by a real client."""

import json
import os
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import h11
import pytest
import trio
from browser import Browser, free_port
from harness import Document, House, breaker, hopeless, said, well

pytestmark = pytest.mark.process

TOKEN = secrets.token_hex(32)
NOW = ("uptime", "cpu", "memory", "nextRun", "lastStarted", "lastSeconds", "runs")


@asynccontextmanager
async def served(
    house: House, *, programs: dict[str, Document] | None = None, **web: Any
) -> AsyncIterator[Browser]:
    """Have a daemon that is served; give a client that knows its token."""
    port = free_port()
    make_token(house.root / "token")
    table = {"listen": f"127.0.0.1:{port}", "token_file": "token", **web}
    house.write(programs or {"a": well()}, web=table)
    await house.start()
    await house.logged("served at")
    yield Browser(port, TOKEN)


def make_token(file: Path, mode: int = 0o600) -> None:
    """Write the token where the daemon looks for it."""
    file.write_text(f"{TOKEN}\n")
    file.chmod(mode)


def lasting(value: Any) -> Any:
    """Leave out what is different at each look."""
    if isinstance(value, dict):
        return {key: lasting(one) for key, one in value.items() if key not in NOW}
    return [lasting(one) for one in value] if isinstance(value, list) else value


async def test_what_is_served(house: House) -> None:
    """The page, whether it is up, its status as ``selfhealctl`` has it, metrics."""
    async with served(house) as browser:
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
    async with served(house) as browser:
        stranger = Browser(browser.port)
        [pid] = (await stranger.get("/api/pid?names=a")).json
        assert pid == {"name": "a", "pid": (await house.running("a"))["a"]}
        odd = await stranger.get("/api/incidents?limit=many")
        assert (400, "bad-request") == (odd.status, odd.error["kind"])
        assert "Expected `int`" in odd.error["message"]
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
        assert ["a"] == [
            one["name"] for one in told[-1]["params"]["outcomes"] if one["ok"]
        ]
        tail = await browser.post("/api/tail", {"names": ["a"]})
        assert b'"method":"ended"' in tail.body.splitlines()[-1]
        assert 405 == (await stranger.get("/api/stop")).status
        assert 404 == (await stranger.get("/api/subscribe")).status
        described = (await stranger.get("/api/openapi.json")).json
        assert "3.1.0" == described["openapi"]
    assert 0 == await house.stop()


async def test_dormancy_is_left_by_http(house: House) -> None:
    """As operators were promised: with a reason, which is recorded with who gave it."""
    async with served(house, programs={"a": hopeless()}) as browser:
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
    async with (
        served(house) as browser,
        await trio.open_tcp_stream("127.0.0.1", browser.port) as stream,
    ):
        pid = (await house.running("a"))["a"]
        await stream.send_all(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
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


class Streamed:
    """Server-sent events, of a response in chunks."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._connection = h11.Connection(h11.CLIENT)
        request = h11.Request(method="GET", target="/", headers=[("host", "x")])
        self._connection.send(request)  # it was sent by hand
        self._connection.send(h11.EndOfMessage())
        self._rest = b""

    async def next(self) -> tuple[str, Any]:
        """Return the next event's name and document."""
        with trio.fail_after(40):
            while True:
                whole, found, rest = self._rest.partition(b"\n\n")
                if not found:
                    self._rest += await self._more()
                    continue
                self._rest = rest
                if whole.startswith(b"event: "):
                    name, _, data = whole.partition(b"\n")
                    words = name.removeprefix(b"event: ").decode()
                    return words, json.loads(data.removeprefix(b"data: "))

    async def _more(self) -> bytes:
        while True:
            match self._connection.next_event():
                case h11.Data(data=data):
                    return bytes(data)
                case h11.NEED_DATA:
                    received = await self._stream.receive_some(65536)
                    self._connection.receive_data(received)
                case h11.ConnectionClosed() | h11.EndOfMessage():
                    raise EOFError
