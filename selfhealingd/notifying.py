"""How people are told: a helper sends the message, and is tried again a few times."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.core.confidential import of_address
from selfhealingd.core.hook import Notify
from selfhealingd.core.notice import Notice
from selfhealingd.core.redaction import Redactor
from selfhealingd.notify.call import Answered, Asked, Failure
from selfhealingd.notify.hooks import Letter
from selfhealingd.supervise.environment import INSTANCE, TASK
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.run import run_to_end

WAITS = (1.0, 4.0, 16.0)
"""Seconds between the first try and one more, and so on."""

START_SECS = 5.0
"""For the helper to begin, and to end: on a host in trouble that takes a while."""

AT_ONCE = 2
"""Helpers at a time: each takes some 50 MiB for less than a second."""

MOST_TOLD = 64 * 1024
_SHOWN_OF_ONE, _SHOWN = 160, 300

WriteIt: TypeAlias = Callable[[Letter], Notice]

log = logs.get("Hooks")


class Notifier:
    """Tells people. ``mark`` is for what is started; ``write`` makes the message."""

    def __init__(self, mark: str, write: WriteIt) -> None:
        self._mark = mark
        self._write = write
        self._few = trio.CapacityLimiter(AT_ONCE)

    async def send(self, hook: str, way: Notify, letter: Letter) -> str | None:
        """Tell all of a hook's; returns why that failed for some, if it did.

        Those who could not be told are tried again, the others are not told twice.
        """
        left = dict(zip(way.names, way.urls, strict=True))
        failures: dict[str, str] = {}
        for tries, wait in enumerate((0.0, *WAITS), start=1):
            await trio.sleep(wait)
            notice = self._write(letter)  # anew: it says how it is, and what is next
            told = await self._try(hook, way, tuple(left.values()), notice)
            for name, failure in zip(tuple(left), told, strict=True):
                failures.pop(name, None)
                if failure is not None:
                    count = "" if failure.final else f" ({tries} tries)"
                    failures[name] = _without_secrets(way, failure.words) + count
                if failure is None or failure.final:
                    del left[name]
            if not left:
                break
        return _said(failures)

    async def prove(self, hook: str, way: Notify) -> str | None:
        """Look whether all could be told, without telling them; returns why not."""
        told = await self._try(
            hook, way, way.urls, Notice(title="", body=""), send=False
        )
        found = zip(way.names, told, strict=True)
        return _said(
            {name: _without_secrets(way, one.words) for name, one in found if one}
        )

    async def _try(
        self,
        hook: str,
        way: Notify,
        urls: tuple[str, ...],
        notice: Notice,
        *,
        send: bool = True,
    ) -> tuple[Failure | None, ...]:
        asked = Asked(
            urls=urls,
            seconds=way.timeout,
            environment=way.launch.environment,
            title=notice.title,
            body=notice.body,
            tone=notice.tone,
            send=send,
        )
        seconds = len(urls) * way.timeout + START_SECS
        try:
            async with self._few:
                ran = await run_to_end(
                    way.launch,
                    {INSTANCE: self._mark, TASK: f"hook {hook}"},
                    timeout=seconds,
                    output_limit=MOST_TOLD,
                    stdin=msgspec.json.encode(asked),
                )
        except SpawnError as error:
            return (Failure(words=str(error)),) * len(urls)
        if ran.timed_out:
            return (Failure(words=f"not taken within {seconds:g} s"),) * len(urls)
        try:
            last = ran.tail.strip().rpartition("\n")[2]
            told = msgspec.json.decode(last, type=Answered).failures
        except msgspec.DecodeError:
            told = ()
        if len(told) != len(urls):
            words = f"the helper that sends failed: {ran.problem(seconds)}"
            return (Failure(words=words),) * len(urls)
        return told


def _said(failures: Mapping[str, str]) -> str | None:
    return (
        "; ".join(f"{name}: {why}" for name, why in failures.items())[:_SHOWN] or None
    )


def _without_secrets(way: Notify, words: str) -> str:
    """Leave out what is a secret in a URL; cut afterwards, as half of one is none."""
    redactor = Redactor(part for url in way.urls for part in of_address(url))
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return redactor.line(line)[:_SHOWN_OF_ONE]
