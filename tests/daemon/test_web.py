"""The real daemon over HTTP, asked by a real client."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from browser import Browser, free_port
from harness import House, well

pytestmark = pytest.mark.process

TOKEN = secrets.token_hex(32)
NOW = ("uptime", "cpu", "memory", "nextRun", "lastStarted", "lastSeconds", "runs")


@asynccontextmanager
async def served(house: House, **web: Any) -> AsyncIterator[Browser]:
    """Have a daemon that is served; give a client that knows its token."""
    port = free_port()
    make_token(house.root / "token")
    table = {"listen": f"127.0.0.1:{port}", "token_file": "token", **web}
    house.write({"a": well()}, web=table)
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
        assert b"selfhealingd" in metrics.body
        assert metrics.headers["content-type"].startswith("text/plain; version=")
    assert 0 == await house.stop()
