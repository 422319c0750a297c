"""Rules and checks put to work, with the sampler and with what is told of the host."""

import math

import trio

from selfhealingd.config.settings import Config
from selfhealingd.core.check import Check, Fault, see
from selfhealingd.core.host import Host
from selfhealingd.core.rules.course import Course
from selfhealingd.core.rules.measures import see as see_measure
from selfhealingd.foretelling import look_ahead_by, make_foresight
from selfhealingd.hostcare import Finding, HostCare
from selfhealingd.observe.checks import Checks, Told
from selfhealingd.observe.host_rules import HostRules
from selfhealingd.observe.rules import ServiceRules
from selfhealingd.observe.sampler import Sampler
from selfhealingd.observing import Observer


class Judging:
    """All that the config has judged, by the config that is in force."""

    def __init__(self, sampler: Sampler, care: HostCare) -> None:
        self.services = ServiceRules(sampler.interval, care.loop.post)
        self.care = care
        self.host = HostRules(
            sampler.interval,
            met=lambda course: care.tell(_finding(course)),
            over=care.over,
        )
        sampler.subscribe(self.services)
        sampler.subscribe(self.host)
        self.checks = Checks(
            Told(
                edge=care.loop.post,
                met=lambda check, fault: care.tell(_check_finding(check, fault)),
                over=lambda check: care.over(check.key),
                blind=lambda check, why: care.tell(_blindness(check, why)),
                sighted=lambda check: care.over(_blind_key(check)),
                tried=lambda service: _tried(care.loop.host, service),
            )
        )

        self.foresight = make_foresight(care)
        sampler.subscribe(self.foresight)

    def put(self, config: Config) -> None:
        """Judge by this config from now on."""
        self.care.runbooks = config.runbooks
        self.services.put(config.rules)
        self.host.put(config.host_rules)
        self.checks.put(config.checks)
        look_ahead_by(config, self.foresight)

    @property
    def observers(self) -> tuple[Observer, ...]:
        """Those of them that look after runs."""
        return self.services, self.checks, self.foresight


async def judge(
    config: Config,
    sampler: Sampler,
    care: HostCare,
    *,
    task_status: trio.TaskStatus[Judging] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Have everything judged, and told, until cancelled."""
    judging = Judging(sampler, care)
    judging.put(config)
    async with trio.open_nursery() as nursery:
        await nursery.start(care.run)
        await nursery.start(judging.services.run)
        await nursery.start(judging.checks.run)
        await nursery.start(judging.foresight.run)
        task_status.started(judging)


def _tried(host: Host, service: str) -> float:
    s = host.services.get(service)
    if s is None or s.incident is None or not s.incident.attempts:
        return -math.inf
    return s.incident.attempts[-1].began


def _finding(course: Course) -> Finding:
    rule = course.rule
    measure = rule.when.measure
    return Finding(
        key=rule.key,
        cause="rule",
        words=f"host: {course.words}",
        do=f"see what it is: {see_measure(measure.name, measure.place)}",
        critical=rule.critical,
        ladder=rule.ladder,
    )


def _check_finding(check: Check, fault: Fault) -> Finding:
    do = f"see: {see(check.what)}"
    if "checksum" in fault.keys:
        do += "; if it was meant: selfhealctl reload"
    return Finding(
        key=check.key,
        cause="check",
        words=f"check {check.name}: {fault.words}",
        do=do,
        critical=check.critical,
        ladder=check.ladder,
    )


def _blindness(check: Check, why: str) -> Finding:
    return Finding(
        key=_blind_key(check),
        cause="check",
        words=f"check {check.name} sees nothing: {why}",
        do=f"see why: {see(check.what)}",
    )


def _blind_key(check: Check) -> str:
    return f"{check.key} sees nothing"
