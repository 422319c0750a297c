"""What is asked of a service that is up, how often, and what its answers amount to.

Defaults are those of kubelet's probes (Kubernetes API reference, ``Probe``), but for
``timeout``, which is 1 s there.
"""

from typing import TypeAlias

import msgspec

from selfhealingd.core.ask import Connect, Exec, Http, Outcome
from selfhealingd.core.remedy import Ladder
from selfhealingd.core.spans import span

SPREAD_SECS = 10.0
"""The first asks of all that came up together are spread over so long at most."""

MARGIN_SECS = 0.5
"""What is seen in time may be told a moment later."""

LIVENESS, READINESS = "liveness", "readiness"
"""Keys under which a service's probes are known."""


class Heartbeat(msgspec.Struct, frozen=True, tag=True):
    """It says ``WATCHDOG=1`` at least every ``within`` seconds."""

    within: float

    def __str__(self) -> str:
        return f"WATCHDOG=1 within {span(self.within)}"


class LogLine(msgspec.Struct, frozen=True, tag=True):
    """It has failed when it writes a line in which this regular expression is found."""

    pattern: str

    def __str__(self) -> str:
        return f"no line with /{self.pattern}/"


class LogSilence(msgspec.Struct, frozen=True, tag=True):
    """It has failed when it writes nothing for ``within`` seconds."""

    within: float

    def __str__(self) -> str:
        return f"a line within {span(self.within)}"


What: TypeAlias = Http | Connect | Exec | Heartbeat | LogLine | LogSilence


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One question, asked each ``period``, answered within ``timeout`` (seconds).

    So many failures in a row make the service sick, so many successes well again.
    ``ladder``: what to try; empty for the service's own.
    """

    what: What
    period: float = 10.0
    timeout: float = 3.0
    failure_threshold: int = 3
    success_threshold: int = 1
    ladder: Ladder = ()

    def notice_secs(self, stretch: float = 1.0) -> float:
        """How long it takes at most to see again that a service is sick.

        ``stretch``: by what timeouts are multiplied now.
        """
        match self.what:
            case Heartbeat(within=within) | LogSilence(within=within):
                return within * stretch + MARGIN_SECS
            case LogLine():
                return self.period * self.failure_threshold + MARGIN_SECS
            case _:
                timeout = self.timeout * stretch
                pause = max(self.period, timeout)
                row = (self.failure_threshold - 1) * pause
                return self.spread + row + timeout + MARGIN_SECS

    @property
    def spread(self) -> float:
        """Within how many seconds the first ask comes, by chance."""
        return min(self.period, SPREAD_SECS)


class Probes(msgspec.Struct, frozen=True, kw_only=True):
    """All of one service; None for what it isn't asked."""

    liveness: Probe | None = None
    readiness: Probe | None = None

    def all(self) -> dict[str, Probe]:
        """Return those that there are, by their keys."""
        found = {LIVENESS: self.liveness, READINESS: self.readiness}
        return {key: probe for key, probe in found.items() if probe is not None}


NONE = Probes()


class Tally(msgspec.Struct, frozen=True):
    """What the answers so far amount to; ``sick`` is None while that isn't known.

    ``row``: so many in a row were ``latest``.
    """

    sick: bool | None = None
    latest: Outcome = Outcome.UNKNOWN
    row: int = 0


def judge(probe: Probe, tally: Tally, outcome: Outcome) -> Tally:
    """Take in one answer. Unknown neither breaks a row of others, nor is part of it."""
    if outcome is Outcome.UNKNOWN:
        return tally
    row = tally.row + 1 if outcome is tally.latest else 1
    enough = probe.success_threshold
    if outcome is Outcome.FAILED:
        enough = probe.failure_threshold
    sick = tally.sick
    if row >= enough:
        sick = outcome is Outcome.FAILED
    return Tally(sick, outcome, min(row, enough))
