"""How what is foreseen is told, and by which settings it is looked for."""

import os

from selfhealingd.clock import local_time
from selfhealingd.config.settings import Config
from selfhealingd.core.foreseen import Seen, advice, sentence
from selfhealingd.hostcare import Finding, HostCare
from selfhealingd.observe.foresight import Foresight, Teller


def make_foresight(care: HostCare) -> Foresight:
    """Return one that tells as all is told that is wrong with the host."""
    return Foresight(
        _Foreteller(care),
        care.loop.post,
        local=local_time,
        cores=os.cpu_count() or 1,
    )


def look_ahead_by(config: Config, foresight: Foresight) -> None:
    """Let it look at what this config has."""
    foresight.put(
        {name: one.healing for name, one in config.policy.programs.items()},
        config.rules,
        _paths(config),
    )


def _paths(config: Config) -> set[str]:
    """The file systems that must not run full: the daemon's own, and those of rules."""
    ruled = {rule.when.measure.place for rule in config.host_rules}
    own = {str(config.daemon.state_dir), str(config.daemon.log_dir)}
    return {place for place in ruled | own if place}


class _Foreteller(Teller):
    def __init__(self, care: HostCare) -> None:
        self._care = care

    def foresee(self, seen: Seen) -> None:
        self._care.tell(
            Finding(
                key=seen.key,
                cause="prediction",
                service=seen.service,
                words=f"{seen.service or 'host'}: {sentence(seen)}",
                do=advice(seen),
            )
        )

    def past(self, seen: Seen) -> None:
        self._care.over(seen.key)
