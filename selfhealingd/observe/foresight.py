"""Looks ahead: memory, descriptors and disks that will run out, as they are sampled.

What it finds it tells; where the operator lets it act, it also reports a symptom, so
that the engine restarts the service before its limit does.
"""

import math
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time

import trio

from selfhealingd.core import quiet
from selfhealingd.core.events import Recovered, Sickened
from selfhealingd.core.foreseen import Seen, sentence
from selfhealingd.core.foresight import (
    CLEAR,
    Edge,
    Outlook,
    due,
    look,
    worth_a_look,
)
from selfhealingd.core.history import BUCKET_SECS, History
from selfhealingd.core.incident import Cause
from selfhealingd.core.policy import Healing, Preventive
from selfhealingd.core.remedy import Restart
from selfhealingd.core.rules.reading import bound
from selfhealingd.core.rules.rule import Rule
from selfhealingd.core.sample import NOTHING, HostSample, Metric, Needs, Sample
from selfhealingd.core.symptom import Symptom
from selfhealingd.core.trend import Forecast, forecast

OF_SERVICES = frozenset({Metric.MEMORY, Metric.FDS})
OF_HOST = frozenset({Metric.MEMORY})

SLOW = 10.0
"""Disks are looked at over hours as well: logs fill them in days, not in minutes."""

CREDIBLE = 10.0
"""How many times as far as it looked back it is believed to look ahead."""

_EARLY = 0.9
"""A sweep comes a little before or after its time."""


@dataclass(slots=True, eq=False)
class _Line:
    """One value of one run, over time."""

    service: str | None
    run: int
    metric: Metric
    history: History
    place: str = ""
    pace: float = 1.0
    value: float = math.nan
    at: float = -math.inf
    limit: float = 0.0
    by: str = "its limit"
    outlook: Outlook = CLEAR
    acting: bool = False


@dataclass(slots=True)
class _Case:
    """One run that is up."""

    run: int
    began: float
    lines: dict[Metric, _Line] = field(default_factory=dict)


class Teller:
    """Hears what is foreseen."""

    def foresee(self, seen: Seen) -> None:
        """It runs out soon; again with each look at it."""

    def past(self, seen: Seen) -> None:
        """It does not any more."""


class Foresight:
    """An observer of runs, and a subscriber of the sampler.

    ``report`` takes symptoms, ``local`` tells the local time of day.
    """

    def __init__(
        self,
        teller: Teller,
        report: Callable[[Sickened | Recovered], Awaitable[None]],
        *,
        local: Callable[[], time],
        cores: int,
    ) -> None:
        self._teller = teller
        self._report = report
        self._local = local
        self._cores = cores
        self._healing: Mapping[str, Healing] = {}
        self._rules: Mapping[str, tuple[Rule, ...]] = {}
        self._paths: frozenset[str] = frozenset()
        self._cases: dict[str, _Case] = {}
        self._host: dict[tuple[Metric, str, float], _Line] = {}
        self._due = -math.inf
        self._told, self._edges = trio.open_memory_channel[Sickened | Recovered](
            math.inf
        )

    async def run(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Pass on what is reported, until cancelled."""
        task_status.started()
        async for edge in self._edges:
            await self._report(edge)

    def put(
        self,
        healing: Mapping[str, Healing],
        rules: Mapping[str, tuple[Rule, ...]],
        paths: Iterable[str],
    ) -> None:
        """Look at these services and file systems; what is known of them stays."""
        self._healing, self._rules = healing, rules
        self._paths = frozenset(paths)
        for service, case in self._cases.items():
            if not self._looks_at(service):
                self._drop(case.lines.values())
                case.lines.clear()
        for key, line in list(self._host.items()):
            if line.place and line.place not in self._paths:
                self._drop([self._host.pop(key)])

    async def seen(self, services: frozenset[str] | None = None) -> list[Seen]:
        """Return how all is that is looked at, or these services alone."""
        found: dict[str, Seen] = {}
        for line in list(self._lines()):
            if services is None or line.service in services:
                seen = self._seen(line, self._forecast(line) or line.outlook.latest)
                # A disk is looked at over minutes and over hours: one of these tells.
                before = found.get(seen.key)
                if before is None or _urgency(seen) < _urgency(before):
                    found[seen.key] = seen
                await trio.lowlevel.checkpoint()
        return list(found.values())

    # As an observer

    def begin(self, service: str, run: int, pid: int) -> None:  # noqa: ARG002
        """Look at this run from now on, afresh."""
        self.end(service)
        self._cases[service] = _Case(run, trio.current_time())

    def end(self, service: str) -> None:
        """Look no more; what was foreseen of the run is past."""
        case = self._cases.pop(service, None)
        if case is not None:
            self._drop(case.lines.values())

    # As a subscriber

    def needs(self, service: str) -> Needs:
        """What has a limit, but only when it is time: limits are dear to read.

        What runs out is wanted each time, so that what is told of it is of now.
        """
        if not self._looks_at(service):
            return NOTHING
        if trio.current_time() < self._due:
            case = self._cases.get(service)
            lines = () if case is None else case.lines.values()
            told = frozenset(one.metric for one in lines if one.outlook.warned)
            return Needs(told) if told else NOTHING
        return Needs(OF_SERVICES, OF_SERVICES)

    def host_needs(self) -> Needs:
        """The host's memory and its file systems, when it is time."""
        if trio.current_time() < self._due:
            return NOTHING
        return Needs(OF_HOST, OF_HOST, self._paths)

    def on_sweep(
        self, now: float, services: Mapping[str, Sample], host: HostSample
    ) -> None:
        """Take in what was measured; now and then something is foreseen."""
        if now >= self._due:
            self._due = now + _EARLY * BUCKET_SECS
        for service, case in self._cases.items():
            sample = services.get(service)
            if sample is None or sample.run != case.run or not self._looks_at(service):
                continue
            for metric in OF_SERVICES:
                self._measured(service, case, metric, sample)
        self._measured_of_host(now, host)

    def _measured(
        self, service: str, case: _Case, metric: Metric, sample: Sample
    ) -> None:
        line = case.lines.get(metric)
        if metric in sample.limits:
            if line is None:
                line = _Line(service, case.run, metric, History(case.began))
                case.lines[metric] = line
            line.limit, line.by = self._limit(service, metric, sample.limits[metric])
        if line is not None:
            self._add(line, sample.at, sample.values.get(metric))

    def _limit(self, service: str, metric: Metric, limit: float) -> tuple[float, str]:
        """The least of what it may have, and of what its rules let it have."""
        least = (limit, "its limit")
        for rule in self._rules.get(service, ()):
            if rule.kind.metric is not metric or not rule.when.op.upward:
                continue
            most = bound(metric, rule.when.threshold, limit, self._cores)
            if most is not None and most < least[0]:
                least = (most, f"rule {rule.when}")
        return least

    def _measured_of_host(self, now: float, host: HostSample) -> None:
        if Metric.MEMORY in host.limits:
            self._add_of_host(now, Metric.MEMORY, "", 1.0, host)
        known: set[int | str] = set()
        for place, sample in sorted(host.paths.items()):
            # Two paths of one file system are one thing that runs out.
            one = host.devices.get(place, place)
            if (
                place in self._paths
                and one not in known
                and Metric.DISK in sample.limits
            ):
                known.add(one)
                for pace in (1.0, SLOW):
                    self._add_of_host(now, Metric.DISK, place, pace, sample)

    def _add_of_host(
        self, now: float, metric: Metric, place: str, pace: float, sample: Sample
    ) -> None:
        line = self._host.get((metric, place, pace))
        if line is None:
            line = _Line(None, 0, metric, History(now, pace=pace), place, pace)
            self._host[metric, place, pace] = line
        line.limit = sample.limits[metric]
        self._add(line, now, sample.values.get(metric))

    def _add(self, line: _Line, at: float, value: float | None) -> None:
        if value is None:
            return
        line.value, line.at = value, at
        if line.history.add(at, value):
            self._look(line, at)

    def _look(self, line: _Line, at: float) -> None:
        found = None
        if worth_a_look(line.history.latest, line.limit):
            found = self._forecast(line)
        line.outlook, edge = look(line.outlook, found, pace=line.pace)
        if line.outlook.latest is not None and line.outlook.warned:
            self._teller.foresee(self._seen(line, line.outlook.latest))
        elif edge is Edge.GOES:
            self._teller.past(self._seen(line, None))
        self._act(line, at)

    def _act(self, line: _Line, at: float) -> None:
        """Report what is due, and take it back once it isn't."""
        if line.service is None:
            return
        acts = self._is_due(line)
        if acts == line.acting:
            return
        line.acting = acts
        key = f"forecast {line.metric.value}"
        if not acts:
            over = Recovered(at=at, service=line.service, run=line.run, key=key)
            self._told.send_nowait(over)
            return
        symptom = Symptom(
            key=key,
            cause=Cause.PREDICTION,
            words=sentence(self._seen(line, line.outlook.latest)),
            at=at,
            notice_secs=2 * BUCKET_SECS,
            ladder=(Restart(),),
        )
        self._told.send_nowait(
            Sickened(at=at, service=line.service, run=line.run, symptom=symptom)
        )

    def _is_due(self, line: _Line) -> bool:
        healing = self._healing.get(line.service or "")
        found = self._seen(line, line.outlook.latest).found
        if healing is None or healing.preventive is not Preventive.ACT:
            return False
        if found is None or not line.outlook.warned:
            return False
        now = quiet.permits(healing.quiet, self._local())
        # What was due is so until it is past: the time left goes up and down a little.
        if line.acting:
            return now
        return due(found, quiet_named=bool(healing.quiet), quiet_now=now)

    def _forecast(self, line: _Line) -> Forecast | None:
        history = line.history
        return forecast(
            history.points(),
            limit=line.limit,
            before=history.before(),
            pace=line.pace,
        )

    def _seen(self, line: _Line, found: Forecast | None) -> Seen:
        looked, age = line.history.looked, trio.current_time() - line.at
        if found is not None:
            found = found.seen_from(line.value)
        if found is not None and found.left > CREDIBLE * looked:
            found = None
        return Seen(
            service=line.service,
            metric=line.metric,
            place=line.place,
            value=line.value,
            age=max(age, 0.0),
            limit=line.limit,
            by=line.by,
            looked=looked,
            told=line.outlook.warned,
            found=found,
        )

    def _drop(self, lines: Iterable[_Line]) -> None:
        for line in lines:
            if line.outlook.warned:
                self._teller.past(self._seen(line, None))

    def _lines(self) -> Iterator[_Line]:
        for case in self._cases.values():
            yield from case.lines.values()
        yield from self._host.values()

    def _looks_at(self, service: str) -> bool:
        healing = self._healing.get(service)
        return healing is not None and healing.preventive is not Preventive.OFF


def _urgency(seen: Seen) -> tuple[bool, float]:
    return not seen.told, math.inf if seen.found is None else seen.found.left
