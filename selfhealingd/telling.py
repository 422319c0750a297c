"""How the daemon's hooks are carried out, and how it is told that one fares badly."""

import shlex
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import msgspec

import selfhealingd
from selfhealingd import logs
from selfhealingd.core.hook import Execute, Hook, Post
from selfhealingd.notify.hooks import Ear, Hooks, Letter, Ways
from selfhealingd.notifying import Notifier, WriteIt
from selfhealingd.problems import Problems
from selfhealingd.supervise.environment import INSTANCE, TASK, one_line
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.run import run_to_end
from selfhealingd.wire.documents import EventDocument

if TYPE_CHECKING:
    from selfhealingd.notify.webhook import Webhook

log = logs.get("Hooks")


def make_hooks(mark: str, problems: Problems, write: WriteIt) -> Hooks:
    """Return hooks that run commands and send requests; none is there yet.

    ``write`` makes of an event, or several, what a person is told.
    """
    notifier = Notifier(mark, write)
    ways = Ways(
        execute=partial(_execute, mark),
        post=_Post().send,
        notify=notifier.send,
        prove=notifier.prove,
    )
    return Hooks(ways, _Tell(problems))


async def _execute(mark: str, name: str, way: Execute, letter: Letter) -> str | None:
    environment = {**way.launch.environment, **_facts(letter)}
    try:
        ran = await run_to_end(
            msgspec.structs.replace(way.launch, environment=environment),
            {INSTANCE: mark, TASK: f"hook {name}"},
            timeout=way.timeout,
            stdin=msgspec.json.encode(letter.event) + b"\n",
        )
    except SpawnError as error:
        return str(error)
    if ran.survivors:
        log.error(f"{name}: left what can't be ended: {ran.survivors}")
    return ran.problem(way.timeout)


class _Post:
    """Sends events; what that needs is loaded for the first one."""

    def __init__(self) -> None:
        self._webhook: Webhook | None = None

    async def send(self, way: Post, letter: Letter) -> str | None:
        if self._webhook is None:
            from selfhealingd.notify.webhook import Webhook  # noqa: PLC0415 - as said

            self._webhook = Webhook()
        event = letter.event
        body = {"text": _sentence(event)} if way.style == "chat" else event
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"selfhealingd/{selfhealingd.__version__}",
            "X-Selfhealingd-Event": event.kind,
        }
        if letter.missed:
            headers["X-Selfhealingd-Missed"] = str(letter.missed)
        return await self._webhook.send(way, msgspec.json.encode(body), headers)


def _facts(letter: Letter) -> Mapping[str, str]:
    event = letter.event
    facts = {
        "SELFHEALINGD_EVENT": event.kind,
        "SELFHEALINGD_SERVICE": event.service or "",
        "SELFHEALINGD_LEVEL": event.level,
        "SELFHEALINGD_WORDS": event.words,
        "SELFHEALINGD_MISSED": str(letter.missed),
    }
    return {name: one_line(value) for name, value in facts.items()}


def _sentence(event: EventDocument) -> str:
    return event.words if event.service is None else f"{event.service}: {event.words}"


class _Tell(Ear):
    """Tells in log and status; in the log only what is news."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._said: dict[str, str] = {}

    def failed(self, hook: Hook, words: str, row: int) -> None:
        if self._said.get(hook.name) != words:
            self._said[hook.name] = words
            log.warning(f"{hook.name}: {words}")
        times = f", {row} times in a row" if row > 1 else ""
        self._problems.set(
            f"hook {hook.name}",
            f"hook {hook.name} fails{times}: {words}",
            f"mend it, then: selfhealctl hooks test {shlex.quote(hook.name)}",
        )

    def went_well(self, hook: Hook) -> None:
        if self._said.pop(hook.name, None) is not None:
            log.info(f"{hook.name}: works again")
            self._problems.clear(f"hook {hook.name}")

    def dropped(self, hook: Hook, count: int) -> None:
        if count == 1:
            log.warning(
                f"{hook.name}: more happens than it may be told: events are lost"
            )
        events = "event was" if count == 1 else "events were"
        self._problems.set(
            f"hook {hook.name} dropped",
            f"hook {hook.name} can't keep up: {count} {events} not told",
            "see them in the journal: selfhealctl events -n 500; let it have fewer"
            " (services, level), then: selfhealctl reload",
        )

    def gone(self, hook: Hook) -> None:
        self._said.pop(hook.name, None)
        self._problems.clear(f"hook {hook.name}")
        self._problems.clear(f"hook {hook.name} dropped")
