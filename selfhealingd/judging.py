"""What judges by measured values: the rules, put to work with the sampler."""

from collections.abc import Awaitable, Callable

import trio

from selfhealingd.config.settings import Config
from selfhealingd.core.events import Event
from selfhealingd.observe.rules import ServiceRules
from selfhealingd.observe.sampler import Sampler


class Judging:
    """All that the config has judged, by the config that is in force."""

    def __init__(
        self, sampler: Sampler, report: Callable[[Event], Awaitable[None]]
    ) -> None:
        self.services = ServiceRules(sampler.interval, report)
        sampler.subscribe(self.services)

    def put(self, config: Config) -> None:
        """Judge by this config from now on."""
        self.services.put(config.rules)


async def judge(
    config: Config,
    sampler: Sampler,
    report: Callable[[Event], Awaitable[None]],
    *,
    task_status: trio.TaskStatus[Judging] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Have everything judged, and told, until cancelled."""
    judging = Judging(sampler, report)
    judging.put(config)
    async with trio.open_nursery() as nursery:
        await nursery.start(judging.services.run)
        task_status.started(judging)
