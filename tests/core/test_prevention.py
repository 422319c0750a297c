"""Whoever asks why is told what is foreseen, and what holds its prevention back."""

from datetime import time

import pytest
from msgspec.structs import replace

from selfhealingd.core.foreseen import Seen
from selfhealingd.core.host import Host
from selfhealingd.core.policy import Flags, Healing, Preventive, Program
from selfhealingd.core.prevention import Prospect, prospect
from selfhealingd.core.quiet import Quiet, Window
from selfhealingd.core.sample import Metric
from selfhealingd.core.trend import Forecast

NIGHT = (Window(begin=180, end=240),)
ON, OFF = Host(seed=""), Host(seed="", flags=Flags(preventive_healing=False))
ACT, ADVISE = Preventive.ACT, Preventive.ADVISE
SOON = Forecast(
    value=900,
    limit=1000,
    slope=0.1,
    left=1000,
    earliest=900,
    latest=1100,
    confidence=1,
)
SEEN = Seen(
    service="web",
    metric=Metric.FDS,
    value=900,
    limit=1000,
    looked=3000,
    told=True,
    found=SOON,
)


@pytest.mark.parametrize(
    ("host", "preventive", "quiet", "now", "ahead", "held"),
    [
        (ON, ADVISE, (), 12, None, "preventive is"),
        (ON, ACT, (), 12, "restart in 1 min 40 s, 15 min before", None),
        (ON, ACT, NIGHT, 12, "in its quiet hours, 03:00-04:00", "its quiet hours are"),
        (ON, ACT, NIGHT, 3, "in its quiet hours, 03:00-04:00", None),
        (OFF, ACT, NIGHT, 3, None, "FEATURE_PREVENTIVE_HEALING_ENABLED is off"),
    ],
)
def test_what_comes_of_it(
    host: Host,
    preventive: Preventive,
    quiet: Quiet,
    now: int,
    ahead: str | None,
    held: str | None,
) -> None:
    """By its settings, the flag and the time of day."""
    healing = Healing(preventive=preventive, quiet=quiet)
    program = Program(name="web", healing=healing)
    found = prospect(host, program, [SEEN], time(now))
    assert (
        "fds is at 900 and reaches its limit (1000) in about 17 min",
    ) == found.words
    assert (found.next is None) is (ahead is None)
    assert (ahead or "") in (found.next or "")
    assert [held] * (held is not None) == [
        held for one in found.hindrances if held and one.words.startswith(held)
    ]
    assert len(found.hindrances) == (held is not None)


def test_nothing_is_said_of_what_is_not_told() -> None:
    """A climb that is far from its limit is for ``forecast`` alone."""
    program = Program(name="web")
    calm = replace(SEEN, told=False)
    assert Prospect() == prospect(ON, program, [calm], time(12))


def test_at_the_last_it_is_due() -> None:
    """Where it may act, and there is less time left than it acts before."""
    program = Program(name="web", healing=Healing(preventive=ACT))
    last = replace(SEEN, found=replace(SOON, left=100))
    found = prospect(ON, program, [last], time(12))
    assert "restart before it is there" == found.next
