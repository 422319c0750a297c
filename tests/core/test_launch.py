"""What is looked for once something was launched."""

import pytest

from selfhealingd.core.ask import Exec
from selfhealingd.core.launch import Launch
from selfhealingd.core.readiness import Answers, Line, Notify, Readiness, Sign

WEB = Launch(argv=("web",), watchdog=5)


def with_sign(sign: Sign) -> Launch:
    return Launch(argv=("web",), readiness=Readiness(sign=sign))


def test_what_has_given_its_sign() -> None:
    """It isn't asked for it again; but what it says itself is heard."""
    asked = Launch(
        argv=("web",),
        readiness=Readiness(sign=Answers("check")),
        asks=Exec(("check",)),
        watchdog=5,
    )
    assert WEB == asked.started
    assert WEB == WEB.started
    notify = with_sign(Notify())
    assert notify == notify.started


@pytest.mark.parametrize(
    ("launch", "speaks"),
    [
        (WEB, True),
        (with_sign(Notify()), True),
        (with_sign(Line("up")), False),
        (Launch(argv=("web",)), False),
    ],
)
def test_speaks(launch: Launch, *, speaks: bool) -> None:
    """By heartbeats, or by READY=1."""
    assert speaks is launch.speaks
