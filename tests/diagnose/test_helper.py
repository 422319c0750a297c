"""The real SDK, in the real process, against an endpoint on loopback."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator

import msgspec
import pytest
import trio
from scripted_model import GOOD, endpoint, http, message

from selfhealingd.core.budget import Usage
from selfhealingd.diagnose.call import Answered, Asked

pytestmark = pytest.mark.process

KEY = "sk-ant-planted-0123456789"
BODY = {"max_tokens": 9, "messages": [{"role": "user", "content": "ü"}], "model": "a"}


async def ask(url: str, *, seconds: float = 20.0, **environ: str) -> Answered:
    asked = Asked(
        key=KEY,
        endpoint=url,
        seconds=seconds,
        body=msgspec.Raw(msgspec.json.encode(BODY)),
    )
    with trio.fail_after(60):
        ran = await trio.run_process(
            [sys.executable, "-I", "-m", "selfhealingd.diagnose.helper"],
            stdin=msgspec.json.encode(asked),
            capture_stdout=True,
            capture_stderr=True,
            env={"PATH": "/usr/bin:/bin", **environ},
        )
    assert b"" == ran.stderr
    assert KEY.encode() not in ran.stdout
    return msgspec.json.decode(ran.stdout, type=Answered)


async def test_a_good_answer_comes_back_with_what_it_cost() -> None:
    """The body arrives as it was given, to the byte, and no environment is obeyed."""
    async with endpoint(message()) as model:
        told = await ask(
            model.url,
            HTTP_PROXY="http://127.0.0.1:1",
            ANTHROPIC_BASE_URL="http://127.0.0.1:1",
            ANTHROPIC_CUSTOM_HEADERS="X-Evil: yes",
            ANTHROPIC_LOG="debug",
        )
    assert (200, None, "tool_use") == (told.status, told.problem, told.stop)
    assert Usage(input=100, output=20) == told.usage
    [block] = json.loads(bytes(told.content))
    assert GOOD == block["input"]
    assert [msgspec.json.encode(BODY)] == model.bodies
    assert KEY in model.heads[0]
    assert "evil" not in model.heads[0].lower()


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        (http(401, "{}"), 401, "401"),
        (http(402, "{}"), 402, "402"),
        (http(403, "{}"), 403, "403"),
        (http(404, "{}"), 404, "404"),
        (http(429, "{}", retry_after="7"), 429, "429"),
        (http(429, "{}", retry_after="999999999"), 429, "429"),
        (http(429, "{}"), 429, "429"),
        (http(500, "{}"), 500, "500"),
        (http(503, "no"), 503, "503"),
        (http(529, "{}"), 529, "529"),
        (http(302, "", location="http://127.0.0.1:1/"), 302, "302"),
        (http(200, "<html>", content_type="text/html"), 200, "no message"),
        (http(200, "{"), None, "gave an answer that is not JSON"),
        (http(200, "[" * 100_000), None, "gave an answer that is nested too deeply"),
        (http(200, b"\x1f\x8b", content_encoding="gzip"), None, "gave a compressed"),
        (http(200, " " * 20_000_000), None, "more than"),
        (b"", None, "cannot be reached"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", None, "cannot be"),
    ],
    ids=lambda value: str(value[:60]) if isinstance(value, bytes) else None,
)
async def test_each_failure_is_told_by_its_status_or_in_words(
    answer: bytes, status: int | None, says: str
) -> None:
    """Asked once, whatever is answered: no retry, no redirect, no megabytes."""
    async with endpoint(answer) as model:
        told = await ask(model.url)
    assert status == told.status
    assert told.problem is not None
    assert says in told.problem
    assert 1 == len(model.bodies)
    if b"retry-after" in answer:
        assert told.retry_after in {"7", "999999999"}


async def test_a_megabyte_of_answer_is_not_passed_on() -> None:
    """It is said that it was too much, in a line that fits."""
    async with endpoint(message({**GOOD, "summary": "x" * 100_000})) as model:
        told = await ask(model.url)
    assert 200 == told.status
    assert "more than" in str(told.problem)


async def drip() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"
    while True:
        yield b" "
        await trio.sleep(0.1)


async def silent() -> AsyncIterator[bytes]:
    await trio.sleep_forever()
    yield b""


@pytest.mark.parametrize("pieces", [drip, silent])
async def test_no_server_holds_a_call_beyond_its_time(pieces: object) -> None:
    """Neither by silence nor by a byte now and then: the deadline is absolute."""
    async with endpoint() as model:
        model.pieces = pieces  # type: ignore[assignment]
        told = await ask(model.url, seconds=4)
    assert told.status is None
    assert "timed out" in str(told.problem)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1", "ConnectionRefused"),
        ("http://nowhere.invalid", "gaierror"),
    ],
)
async def test_nobody_there_is_told_in_words(url: str, why: str) -> None:
    """Refused at once, or no such host."""
    told = await ask(url)
    assert told.status is None
    assert "cannot be reached" in str(told.problem)
    assert why in str(told.problem)


@pytest.mark.parametrize("answer", [b"", message()[:-20]], ids=["before", "within"])
async def test_a_connection_that_is_broken_off_is_told_in_words(answer: bytes) -> None:
    """By a reset, before or within the answer; nothing of half an answer is used."""
    async with endpoint(answer) as model:
        model.resets = True
        told = await ask(model.url)
    assert 1 == len(model.bodies)
    assert told.status is None
    assert "null" == bytes(told.content).decode()
    assert told.problem is not None


async def test_it_ends_with_who_reads_its_answer() -> None:
    """A daemon that is killed takes its call with it, long before its time is over."""
    async with endpoint() as model:
        arrived = trio.Event()

        async def silent() -> AsyncIterator[bytes]:
            arrived.set()
            await trio.sleep_forever()
            yield b""

        model.pieces = silent
        asked = Asked(
            key=KEY,
            endpoint=model.url,
            seconds=100,
            body=msgspec.Raw(msgspec.json.encode(BODY)),
        )
        helper = await trio.lowlevel.open_process(
            [sys.executable, "-I", "-m", "selfhealingd.diagnose.helper"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert helper.stdin is not None
        assert helper.stdout is not None
        async with helper.stdin as pipe:
            await pipe.send_all(msgspec.json.encode(asked))
        with trio.fail_after(30):
            await arrived.wait()
            await helper.stdout.aclose()
            assert 1 == await helper.wait()
