"""People are told by a real helper, again if need be, and no failure tells a secret."""

import sys
from pathlib import Path

import pytest
import trio
from harness import DEADLINE
from servers import Handler, served, takes_mail

from selfhealingd import notifying
from selfhealingd.core.hook import Notify
from selfhealingd.core.launch import Launch
from selfhealingd.core.notice import Notice
from selfhealingd.notify.hooks import Letter
from selfhealingd.notifying import Notifier
from selfhealingd.supervise import reaper
from selfhealingd.wire.documents import EventDocument

pytestmark = pytest.mark.process

HELPER = (sys.executable, "-I", "-m", "selfhealingd.notify.helper")
LETTER = Letter(
    event=EventDocument(
        at="2026-11-26T13:09:00.123Z",
        seq=7,
        kind="incident.opened",
        component="SelfHealing",
        service="web",
        words="crashed",
    )
)


def answers(*codes: int) -> tuple[Handler, list[int]]:
    """Return a server that answers so, one after the other, and what it said."""
    left, said = list(codes), list[int]()

    async def handler(stream: trio.abc.Stream) -> None:
        await stream.receive_some(65536)
        said.append(left.pop(0))
        head = f"HTTP/1.1 {said[-1]} So\r\nContent-Length: 0\r\n\r\n"
        await stream.send_all(head.encode())

    return handler, said


async def tell(
    nursery: trio.Nursery, *urls: str, argv: tuple[str, ...] = HELPER, secs: float = 20
) -> str | None:
    await nursery.start(reaper.serve)
    launch = Launch(argv=argv, directory=Path("/"))
    notifier = Notifier("mark", lambda _: Notice(title="it crashed", body="see: it"))
    with trio.fail_after(2 * DEADLINE):
        told = await notifier.send(
            "any", Notify(urls=urls, launch=launch, timeout=secs), LETTER
        )
    nursery.cancel_scope.cancel()
    return told


async def test_who_failed_is_told_again_and_nobody_twice(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is back after a moment has the message; the mail is sent once."""
    monkeypatch.setattr(notifying, "WAITS", (0.1, 0.1, 0.1))
    mails: list[str] = []
    flaky, said = answers(503, 200)
    async with served(takes_mail(mails)) as smtp, served(flaky) as http:
        told = await tell(
            nursery,
            f"mailto://127.0.0.1:{smtp}?from=a@example.com&to=ops@example.com",
            f"json://127.0.0.1:{http}/",
        )
    assert (None, [503, 200], 1) == (told, said, len(mails))


async def test_a_failure_is_told_without_secrets(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a service says of it, by name and number, and nothing of its URL."""
    monkeypatch.setattr(notifying, "WAITS", (0.1,))
    told = await tell(
        nursery, "json://ann:planted1@127.0.0.1:9/planted22", "bad://planted333"
    )
    assert told is not None
    assert "planted" not in told
    assert "bad (2): not a URL that apprise takes" in told
    assert "json (1): A Connection error occurred sending JSON notification" in told
    assert told.endswith("Connection refused (2 tries)")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo nonsense", "the helper that sends failed"),
        ("exit 7", "exited with status 7"),
        ("echo '{\"failures\":[]}'", "the helper that sends failed"),
        ("head -c 9000000 /dev/zero", "the helper that sends failed"),
        ("sleep 600", "not taken within"),
    ],
)
async def test_a_helper_that_is_broken(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    """Whatever it does, that is one more way to fail, within its time."""
    monkeypatch.setattr(notifying, "WAITS", ())
    monkeypatch.setattr(notifying, "START_SECS", 0.5)
    told = await tell(nursery, "json://h", argv=("sh", "-c", script), secs=1.5)
    assert told is not None
    assert words in told
