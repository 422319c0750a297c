"""What is foreseen is said in words, with what to type about it."""

import pytest
from msgspec.structs import replace

from selfhealingd.core.foreseen import Seen, advice, sentence
from selfhealingd.core.sample import Metric
from selfhealingd.core.trend import Forecast

MIB = 1024.0**2
SOON = Forecast(
    value=800 * MIB,
    limit=1024 * MIB,
    slope=1,
    left=1510,
    earliest=1400,
    latest=1600,
    confidence=0.9,
)
WEB = Seen(
    service="web",
    metric=Metric.MEMORY,
    value=800 * MIB,
    limit=1024 * MIB,
    looked=3000,
)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (WEB, "memory is at 800 MiB of its limit (1 GiB)"),
        (
            replace(WEB, found=SOON),
            "memory is at 800 MiB and reaches its limit (1 GiB) in about 25 min",
        ),
        (
            replace(WEB, found=replace(SOON, left=20)),
            "memory is at 800 MiB and reaches its limit (1 GiB) in less than a minute",
        ),
        (
            replace(WEB, metric=Metric.FDS, value=820, limit=900, by="rule fds > 900"),
            "fds is at 820 of rule fds > 900 (900)",
        ),
        (
            replace(WEB, service=None, metric=Metric.DISK, place="/var"),
            "disk /var is at 800 MiB of its limit (1 GiB)",
        ),
    ],
)
def test_sentence(seen: Seen, words: str) -> None:
    """How it is, of what, and when that is reached."""
    assert words == sentence(seen)


def test_advice() -> None:
    """A service can be restarted when it suits; of the host one looks what fills it."""
    told = advice(WEB)
    assert (
        told == "see: selfhealctl forecast web; when it suits: selfhealctl restart web"
    )
    disk = replace(WEB, service=None, metric=Metric.DISK, place="/var")
    assert "selfhealctl forecast; what it is: du" in advice(disk)


def test_keys_tell_apart() -> None:
    """Each value of each service, and each file system, is told by itself."""
    host = replace(WEB, service=None)
    many = [
        WEB,
        replace(WEB, metric=Metric.FDS),
        host,
        *(replace(host, metric=Metric.DISK, place=place) for place in ("/", "/var")),
    ]
    assert 5 == len({seen.key for seen in many})
