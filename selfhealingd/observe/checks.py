"""Has files, folders and certificates looked at again and again; tells only edges.

A check of a service is looked at while a run of it is up, and begins afresh with each;
what should be unchanged is as it was when the run began. A change stays wrong until a
remedy, such as a reload, was tried, which has taken what was there then.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import trio

from selfhealingd import logs
from selfhealingd.clock import utc_now
from selfhealingd.core.check import Check, Fault, Found, Unknown, judge
from selfhealingd.core.events import Recovered, Sickened
from selfhealingd.core.incident import Cause
from selfhealingd.core.symptom import Symptom
from selfhealingd.observe.looking import CONNECT_SECS, Looker

log = logs.get("Observer")

MISSES = 3
"""Looks in a row that see nothing, after which that is told."""

Edge = Sickened | Recovered


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who is told what: ``edge`` of services, the others of the host and of checks.

    ``blind``: a check sees nothing, for that reason; ``sighted``: it does again.
    ``tried``: when a remedy was last tried for a service.
    """

    edge: Callable[[Edge], Awaitable[None]]
    met: Callable[[Check, Fault], None]
    over: Callable[[Check], None]
    blind: Callable[[Check, str], None]
    sighted: Callable[[Check], None]
    tried: Callable[[str], float]


@dataclass(slots=True)
class _Post:
    """One check, being looked at. ``run`` None: it is of the host.

    ``digest``: of the content that should be; ``latest``: of what was seen last;
    ``changed``: since when that is another one.
    """

    check: Check
    run: int | None
    fault: Fault | None = None
    digest: str | None = None
    latest: str | None = None
    changed: float | None = None
    misses: int = 0
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)


class Checks:
    """An observer of runs, which also looks at what concerns the host."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._looker = Looker()
        self._checks: Mapping[str, Check] = {}
        self._runs: dict[str, int] = {}
        self._posts: dict[str, _Post] = {}
        self._nursery: trio.Nursery | None = None
        self._out, self._edges = trio.open_memory_channel[Edge](float("inf"))

    async def run(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Look, until cancelled."""
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            for post in self._posts.values():
                self._nursery.start_soon(self._watch, post)
            async for edge in self._edges:
                await self._told.edge(edge)

    def put(self, checks: Mapping[str, Check]) -> None:
        """Look at these; what is the same goes on.

        What is of the host and should be unchanged is so from now on: a reload is how
        somebody says that a change was meant.
        """
        self._checks = dict(checks)
        for name, post in list(self._posts.items()):
            check = checks.get(name)
            if check != post.check or (
                post.run is None and post.fault and _changed(post.fault)
            ):
                self._drop(name)
        for check in checks.values():
            if check.name in self._posts:
                continue
            if check.service is None:
                self._look_at(check, None)
            elif check.service in self._runs:
                self._look_at(check, self._runs[check.service])

    def begin(self, service: str, run: int, pid: int) -> None:  # noqa: ARG002
        """Look at what concerns this run from now on."""
        self.end(service)
        self._runs[service] = run
        for check in self._checks.values():
            if check.service == service:
                self._look_at(check, run)

    def end(self, service: str) -> None:
        """Look no more; what was wrong with the run has ended with it."""
        self._runs.pop(service, None)
        for name, post in list(self._posts.items()):
            if post.check.service == service:
                post.fault = None
                self._drop(name)

    def _look_at(self, check: Check, run: int | None) -> None:
        post = self._posts[check.name] = _Post(check, run)
        if self._nursery is not None:
            self._nursery.start_soon(self._watch, post)

    def _drop(self, name: str) -> None:
        post = self._posts.pop(name)
        post.scope.cancel()
        self._settle(post, None)
        if post.misses >= MISSES:
            self._told.sighted(post.check)

    async def _watch(self, post: _Post) -> None:
        with post.scope:
            while True:
                try:
                    await self._look(post)
                except Exception:
                    log.exception(f"check {post.check.name}: a defect of ours")
                await trio.sleep(post.check.every)

    async def _look(self, post: _Post) -> None:
        seen = await self._looker.look(post.check.what)
        if post.scope.cancel_called:  # dropped when the look was already over
            return
        if isinstance(seen, Unknown):
            post.misses += 1
            if post.misses == MISSES:
                self._told.blind(post.check, seen.why)
            return
        if post.misses >= MISSES:
            self._told.sighted(post.check)
        post.misses = 0
        if self._taken(post):
            post.digest, post.changed = post.latest, None
        what, now = post.check.what, utc_now().timestamp()
        fault = judge(what, seen, now=now, before=post.digest)
        if not _changed(fault):
            post.changed = None
        elif post.changed is None:
            post.changed = trio.current_time()
        self._settle(post, fault)
        if isinstance(seen, Found):
            post.latest = seen.digest
            if post.digest is None:
                post.digest = seen.digest

    def _taken(self, post: _Post) -> bool:
        """Whether a remedy had the service take a change; of the host a person says."""
        if post.run is None or post.check.service is None or post.changed is None:
            return False
        return self._told.tried(post.check.service) >= post.changed

    def _settle(self, post: _Post, fault: Fault | None) -> None:
        """Tell if what is wrong is not what was."""
        before, post.fault = post.fault, fault
        if (before and before.keys) == (fault and fault.keys):
            return
        if post.run is None or post.check.service is None:
            if fault is None:
                self._told.over(post.check)
            else:
                self._told.met(post.check, fault)
            return
        edge = _edge(post.check, post.check.service, post.run, fault)
        self._out.send_nowait(edge)


def _changed(fault: Fault | None) -> bool:
    return fault is not None and "checksum" in fault.keys


def _edge(check: Check, service: str, run: int, fault: Fault | None) -> Edge:
    at = trio.current_time()
    if fault is None:
        return Recovered(at=at, service=service, run=run, key=check.key)
    symptom = Symptom(
        key=check.key,
        cause=Cause.RULE,
        words=fault.words,
        at=at,
        notice_secs=check.every + CONNECT_SECS,
        ladder=check.ladder,
    )
    return Sickened(at=at, service=service, run=run, symptom=symptom)
