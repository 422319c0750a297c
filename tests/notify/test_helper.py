"""The helper that tells people: real apprise, real mail, real HTTP, and what fails."""

import json
import os
import sys

import msgspec
import pytest
import trio
from harness import DEADLINE
from servers import Handler, hangs, says, served, takes_mail

from selfhealingd.notify.call import Answered, Asked, Failure

pytestmark = pytest.mark.process


async def ask(
    *urls: str,
    seconds: float = DEADLINE,
    own: dict[str, str] | None = None,
    **environ: str,
) -> Answered:
    asked = Asked(
        urls=urls,
        seconds=seconds,
        environment=own or {},
        title="db1: web: crashed",
        body="now: web is BACKOFF\nsee: selfhealctl show web",
        tone="failure",
    )
    with trio.fail_after(3 * DEADLINE):
        ran = await trio.run_process(
            [sys.executable, "-I", "-m", "selfhealingd.notify.helper"],
            stdin=msgspec.json.encode(asked),
            capture_stdout=True,
            env={**os.environ, **environ},
        )
    return msgspec.json.decode(ran.stdout.strip().rpartition(b"\n")[2], type=Answered)


def takes_posts(taken: list[dict[str, object]], heads: list[bytes]) -> Handler:
    async def handler(stream: trio.abc.Stream) -> None:
        said = b""
        while b"\r\n\r\n" not in said or not said.rstrip().endswith(b"}"):
            said += bytes(await stream.receive_some(65536))
        head, _, body = said.partition(b"\r\n\r\n")
        heads.append(head)
        taken.append(json.loads(body))
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    return handler


async def test_mail_and_http() -> None:
    """Both are told the same, whatever the daemon's environment would have them do."""
    mails: list[str] = []
    posts: list[dict[str, object]] = []
    heads: list[bytes] = []
    async with (
        served(takes_mail(mails)) as smtp,
        served(takes_posts(posts, heads)) as http,
    ):
        told = await ask(
            f"mailto://127.0.0.1:{smtp}?from=a@example.com&to=ops@example.com",
            f"json://127.0.0.1:{http}/hook",
            http_proxy="http://127.0.0.1:9",
        )
    assert Answered(failures=(None, None)) == told
    [mail], [post] = mails, posts
    assert "rcpt to:<ops@example.com>" in mail.lower()
    assert "Subject: db1: web: crashed" in mail
    assert "see: selfhealctl show web" in mail
    assert ("db1: web: crashed", "failure") == (post["title"], post["type"])
    assert b"POST /hook" in heads[0]


async def test_a_proxy_is_used_where_the_hook_names_it() -> None:
    """Its own environment counts; what it can't reach itself, it reaches so."""
    posts: list[dict[str, object]] = []
    heads: list[bytes] = []
    async with served(takes_posts(posts, heads)) as port:
        told = await ask(
            "json://nowhere.invalid/hook",
            own={"http_proxy": f"http://127.0.0.1:{port}"},
        )
    assert Answered(failures=(None,)) == told
    assert heads[0].startswith(b"POST http://nowhere.invalid/hook ")


async def test_who_cannot_be_told_is_named() -> None:
    """Each by its own fault; what can never be taken is not to be tried again."""
    refused = b"HTTP/1.1 500 Oh no\r\nContent-Length: 0\r\n\r\n"
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n\r\n"
    async with served(says(refused)) as bad, served(says(moved)) as away:
        told = await ask(
            f"json://127.0.0.1:{bad}/",
            "json://127.0.0.1:9/",
            f"json://127.0.0.1:{away}/",
            "nosuch://token",
        )
    words = [failure.words if failure else "" for failure in told.failures]
    assert "500" in words[0]
    assert "refused" in words[1].lower()
    assert "302" in words[2]
    assert Failure(words=words[3], final=True) == told.failures[3]
    assert words[3].startswith("not a URL that apprise takes")
    assert [False, False, False] == [f.final for f in told.failures[:3] if f]


async def test_one_that_hangs_holds_up_no_other() -> None:
    """It is given up, and the next one is told."""
    mails: list[str] = []
    async with served(hangs) as silent, served(takes_mail(mails)) as smtp:
        told = await ask(
            f"json://127.0.0.1:{silent}/",
            f"mailto://127.0.0.1:{smtp}?from=a@example.com&to=ops@example.com",
            seconds=2,
        )
    assert (Failure(words="not taken within 2 s"), None) == told.failures
    assert 1 == len(mails)
