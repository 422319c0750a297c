"""What judges by measured values: the rules, put to work with the sampler."""

import trio

from selfhealingd.config.settings import Config
from selfhealingd.core.rules.course import Course
from selfhealingd.core.rules.measures import see
from selfhealingd.hostcare import Finding, HostCare
from selfhealingd.observe.host_rules import HostRules
from selfhealingd.observe.rules import ServiceRules
from selfhealingd.observe.sampler import Sampler


class Judging:
    """All that the config has judged, by the config that is in force."""

    def __init__(self, sampler: Sampler, care: HostCare) -> None:
        self.services = ServiceRules(sampler.interval, care.loop.post)
        self.care = care
        self._host = HostRules(
            sampler.interval,
            met=lambda course: care.tell(_finding(course)),
            over=care.over,
        )
        sampler.subscribe(self.services)
        sampler.subscribe(self._host)

    def put(self, config: Config) -> None:
        """Judge by this config from now on."""
        self.care.runbooks = config.runbooks
        self.services.put(config.rules)
        self._host.put(config.host_rules)


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
        task_status.started(judging)


def _finding(course: Course) -> Finding:
    rule = course.rule
    measure = rule.when.measure
    return Finding(
        key=rule.key,
        cause="rule",
        words=f"host: {course.words}",
        do=f"see what it is: {see(measure.name, measure.place)}",
        critical=rule.critical,
        ladder=rule.ladder,
    )
