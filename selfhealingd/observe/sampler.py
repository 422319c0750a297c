"""One sweep over all services and the host, at each interval: what is needed, no more.

A sweep never holds the loop for long: it gives way to others every few milliseconds.
"""

from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

import trio

from selfhealingd.core.leak import Leak
from selfhealingd.core.sample import (
    KEPT,
    NOTHING,
    OF_TREE,
    HostSample,
    Metric,
    Needs,
    Sample,
    Series,
    Subscriber,
)
from selfhealingd.observe.family import Family, family_now
from selfhealingd.observe.host import HostReader
from selfhealingd.observe.process import proportional
from selfhealingd.observe.slow import Slow
from selfhealingd.observe.watched import Watched

SLICE_SECS = 0.002
"""How long the loop is held at most; a single process is read as a whole."""

VIEWS = Needs(frozenset({Metric.CPU, Metric.MEMORY}))
"""What ``status`` shows and evidence keeps of every service: one read for both."""

HOST_VIEWS = Needs(frozenset({Metric.LOAD, Metric.CPU, Metric.MEMORY}))
"""What is shown of the host's last minutes."""

_STALE = 3
"""Intervals after which a sample says nothing of now any more."""

P = ParamSpec("P")
T = TypeVar("T")


class Sampler:
    """Measures all runs that are up; an observer that judges nothing itself.

    ``interval``: seconds between sweeps. While ``enabled`` says no, nothing is read.
    ``on_fault`` is told of a subscriber's defect, which harms no other. ``always``:
    what is read of each service though no subscriber wants it; ``always_host``: of the
    host.
    """

    def __init__(
        self,
        interval: float,
        enabled: Callable[[], bool],
        *,
        on_fault: Callable[[Exception], None],
        always: Needs = VIEWS,
        always_host: Needs = NOTHING,
    ) -> None:
        self.interval = interval
        self.enabled = enabled
        self._on_fault = on_fault
        self._always = always
        self._always_host = always_host
        self._subscribers: tuple[Subscriber, ...] = ()
        self._watched: dict[str, Watched] = {}
        self._series: dict[str, Series] = {}
        self.host_series = Series()
        self.host_limits: Mapping[Metric, float] = {}
        self._slow = Slow()
        self._host = HostReader(self._slow)
        self._resting = True

    def subscribe(self, subscriber: Subscriber) -> None:
        """Tell somebody of each sweep from now on, and ask what they need."""
        self._subscribers = (*self._subscribers, subscriber)

    def begin(self, service: str, run: int, pid: int) -> None:
        """Measure this run from now on."""
        self._watched[service] = Watched(run, pid)

    def end(self, service: str) -> None:
        """Measure it no more; what was measured is kept for a while."""
        self._watched.pop(service, None)

    def pretend(self, service: str, run: int, leak: Leak) -> bool:
        """Let rules see this run leak from the next sweep on, and no run after it.

        Returns whether that run is measured at all.
        """
        watched = self._watched.get(service)
        if watched is None or watched.run != run:
            return False
        watched.leak = leak
        return True

    def unpretend(self, service: str) -> bool:
        """Pretend nothing of a service any more; return whether anything was."""
        watched = self._watched.get(service)
        if watched is None or watched.leak is None:
            return False
        watched.leak = None
        return True

    def latest(self, service: str) -> Sample | None:
        """Return how a service is now; None if it is down, or that isn't known."""
        watched = self._watched.get(service)
        sample = None if watched is None else watched.latest
        if sample is None or not self.enabled():
            return None
        age = trio.current_time() - sample.at
        return sample if age <= _STALE * self.interval else None

    def series(self, service: str) -> Series | None:
        """Return the last samples of a service, those of earlier runs included."""
        return self._series.get(service)

    async def host(self, needs: Needs) -> HostSample:
        """Read the host now, once; rates are unknown."""
        return await HostReader(self._slow).read(needs)

    async def sweep(self) -> None:
        """Measure all that is needed, and tell the subscribers."""
        now = trio.current_time()
        needs = self._needs() if self.enabled() else {}
        host = self._wanted_of_host() if self.enabled() else NOTHING
        self._drop_old(now)
        if not needs and not host:
            self._rest()
            return
        self._resting = False
        samples = await self._measure(needs)
        seen = await self._host.read(host)
        if self._always_host:
            self._keep_host(seen)
        for subscriber in self._subscribers:
            await trio.lowlevel.checkpoint()  # a thousand services take each a while
            self._guard(None, subscriber.on_sweep, now, samples, seen)

    def _needs(self) -> dict[str, Needs]:
        """What is wanted of each service of which anything is."""
        return {
            service: needs
            for service in self._watched
            if (needs := self._wanted_of(service))
        }

    def _wanted_of(self, service: str) -> Needs:
        needs = self._always
        for subscriber in self._subscribers:
            wanted = self._guard(NOTHING, subscriber.needs, service)
            if wanted is not NOTHING:
                needs |= wanted
        return needs

    def _wanted_of_host(self) -> Needs:
        needs = self._always_host
        for subscriber in self._subscribers:
            needs |= self._guard(NOTHING, subscriber.host_needs)
        return needs

    def _keep_host(self, seen: HostSample) -> None:
        kept = self._always_host.metrics
        values = {metric: one for metric, one in seen.values.items() if metric in kept}
        self.host_series.add(Sample(at=seen.at, values=values))
        self.host_limits = seen.limits

    def _rest(self) -> None:
        if self._resting:
            return
        self._resting = True
        self._host.forget()
        for watched in self._watched.values():
            watched.forget()

    def _drop_old(self, now: float) -> None:
        oldest = now - KEPT * self.interval
        for service in self._series.keys() - self._watched.keys():
            if self._series[service].last_at < oldest:
                del self._series[service]

    async def _measure(self, needs: Mapping[str, Needs]) -> dict[str, Sample]:
        pss = await self._pss(needs)
        family = await self._family(needs)
        samples: dict[str, Sample] = {}
        began = trio.current_time()
        for service, wanted in needs.items():
            at = trio.current_time()
            if at - began > SLICE_SECS:
                await trio.lowlevel.checkpoint()
                began = at = trio.current_time()
            watched = self._watched.get(service)
            if watched is None:  # it ended meanwhile
                continue
            sample = watched.measure(at, wanted, family, pss.get(watched.pid))
            if sample is not None:
                samples[service] = sample
                self._kept(service).add(sample)
        return samples

    async def _pss(self, needs: Mapping[str, Needs]) -> dict[int, int]:
        pids = [
            self._watched[service].pid
            for service, wanted in needs.items()
            if Metric.PSS in wanted.metrics
        ]
        if not pids:
            return {}
        return await self._slow.call("pss", lambda: proportional(pids)) or {}

    async def _family(self, needs: Mapping[str, Needs]) -> Family | None:
        if all(wanted.metrics.isdisjoint(OF_TREE) for wanted in needs.values()):
            return None
        return await family_now([one.pid for one in self._watched.values()])

    def _kept(self, service: str) -> Series:
        found = self._series.get(service)
        if found is None:
            found = self._series[service] = Series()
        return found

    def _guard(
        self, otherwise: T, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        try:
            return ask(*args, **kwargs)
        except Exception as fault:  # noqa: BLE001 - it is told
            self._on_fault(fault)
            return otherwise
