"""Has every service that is up asked again and again whether it is well.

One task for each probe of each run, from RUNNING until its end; what is asked follows
the config that is in force.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import trio

from selfhealingd import logs
from selfhealingd.core import output
from selfhealingd.core.ask import Answer, Ask, Connect, Exec, Http, unknown
from selfhealingd.core.events import Event
from selfhealingd.core.launch import Launch
from selfhealingd.core.probe import (
    NONE,
    READINESS,
    Heartbeat,
    LogLine,
    LogSilence,
    Probe,
    Probes,
)
from selfhealingd.observe.pressure import Pressure
from selfhealingd.observe.probes.asking import Asker
from selfhealingd.observe.probes.case import Case, Telling
from selfhealingd.observe.probes.lines import Follow, search
from selfhealingd.observe.probes.pulse import Pulse

log = logs.get("Prober")

_SOON_SECS = 1.0
"""The first asks on whose answers others wait are spread over so long at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Senses:
    """How the prober learns of services. ``launch``: what is known of a service.

    ``follow`` gives what is added to a log; ``hear`` has something called, for a
    block, whenever anything is; ``stuck``: what it writes can't be put into its log.
    ``discreet``: what of its words may be told.
    """

    asker: Asker
    pressure: Pressure
    launch: Callable[[str], Launch]
    follow: Follow
    hear: Callable[[Path, Callable[[], None]], AbstractContextManager[None]]
    stuck: Callable[[str], bool]
    discreet: Callable[[str], str] = str


@dataclass(slots=True)
class _Post:
    """One probe of one run, being asked."""

    case: Case
    pulse: Pulse = field(default_factory=Pulse)
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)


@dataclass(slots=True)
class _Seat:
    """One run that is up."""

    run: int
    posts: dict[str, _Post] = field(default_factory=dict)


class Prober:
    """An observer: from ``begin`` to ``end``, a run is asked what its config says."""

    def __init__(
        self,
        senses: Senses,
        report: Callable[[Event], Awaitable[None]],
        random: Random,
    ) -> None:
        self._senses = senses
        self._tell = Telling(
            report, lambda: senses.pressure.stretched(1.0), senses.discreet
        )
        self._random = random
        self._probes: Mapping[str, Probes] = {}
        self._seats: dict[str, _Seat] = {}
        self._nursery: trio.Nursery | None = None

    async def run(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Let services be asked, until cancelled."""
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            await trio.sleep_forever()

    def begin(self, service: str, run: int, pid: int) -> None:  # noqa: ARG002
        """Ask a run from now on."""
        self.end(service)
        self._seats[service] = _Seat(run)
        self._settle(service)

    def end(self, service: str) -> None:
        """Ask no more."""
        seat = self._seats.pop(service, None)
        for post in seat.posts.values() if seat else ():
            post.scope.cancel()

    def put(self, probes: Mapping[str, Probes]) -> None:
        """Ask by another config; where that says the same, go on."""
        self._probes = dict(probes)
        for service in self._seats:
            self._settle(service)

    async def ask(self, ask: Ask, launch: Launch, seconds: float) -> Answer:
        """Ask once, for whoever has to know; see Asker."""
        return await self._senses.asker.ask(ask, launch, seconds)

    def beat(self, service: str, run: int) -> None:
        """Take in that a run sent ``WATCHDOG=1``."""
        for post in self._posts(service, run):
            if isinstance(post.case.probe.what, Heartbeat):
                post.pulse.beat()

    def fail(self, service: str, run: int) -> None:
        """Take in that a run sent ``WATCHDOG=trigger``."""
        for post in self._posts(service, run):
            if isinstance(post.case.probe.what, Heartbeat):
                post.pulse.fail()

    def cases(self, service: str) -> tuple[Case, ...]:
        """Return what is asked of a service now, and what came of it."""
        seat = self._seats.get(service)
        return tuple(post.case for post in seat.posts.values()) if seat else ()

    def _posts(self, service: str, run: int) -> tuple[_Post, ...]:
        seat = self._seats.get(service)
        if seat is None or seat.run != run:
            return ()
        return tuple(seat.posts.values())

    def _settle(self, service: str) -> None:
        """Begin what is to be asked of a run, end what isn't, let the rest go on."""
        seat = self._seats[service]
        wanted = self._probes.get(service, NONE).all()
        for key in [*seat.posts]:
            post = seat.posts[key]
            if wanted.get(key) != post.case.probe:
                post.scope.cancel()
                del seat.posts[key]
                if key not in wanted:
                    self._start(post.case.well)
        for key, probe in wanted.items():
            if key not in seat.posts:
                case = Case(service, seat.run, key, probe, self._tell)
                post = seat.posts[key] = _Post(case)
                self._start(self._attend, post)

    def _start(self, work: Callable[..., Awaitable[None]], *args: object) -> None:
        if self._nursery is None:
            raise AssertionError("not begun")
        self._nursery.start_soon(work, *args)

    async def _attend(self, post: _Post) -> None:
        case = post.case
        with post.scope:
            try:
                await self._judge(post, case.probe)
            except Exception:
                log.exception(f"{case.service}: a defect of ours ended its {case.key}")
                await case.take(unknown("a defect of ours: see the daemon's log"))

    async def _judge(self, post: _Post, probe: Probe) -> None:
        case, stretched = post.case, self._senses.pressure.stretched
        launch = self._senses.launch(case.service)
        match probe.what:
            case Http() | Connect() | Exec() as ask:
                await self._ask(case, ask, launch)
            case Heartbeat(within=within):
                await post.pulse.listen(case, within, stretched)
            case LogLine(pattern=pattern):
                paths = output.logs(launch.stdout, launch.stderr)
                await search(case, pattern, paths, self._senses.follow)
            case LogSilence(within=within):
                with ExitStack() as hearing:
                    for path in output.logs(launch.stdout, launch.stderr):
                        heard = self._senses.hear(path, post.pulse.beat)
                        hearing.enter_context(heard)
                    stuck = partial(self._senses.stuck, case.service)
                    await post.pulse.listen(case, within, stretched, stuck)

    async def _ask(self, case: Case, ask: Ask, launch: Launch) -> None:
        probe = case.probe
        spread = probe.spread
        if case.key == READINESS:
            spread = min(spread, _SOON_SECS)
        due = trio.current_time() + self._random.uniform(0, spread)
        while True:
            await trio.sleep_until(due)
            await case.take(await self._senses.asker.ask(ask, launch, probe.timeout))
            due = max(due + probe.period, trio.current_time())
