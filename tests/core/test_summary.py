"""Everything in one line."""

import msgspec
import pytest

from selfhealingd.core.breaker import Breaker, PermanentlyOpen
from selfhealingd.core.host import Host, Service
from selfhealingd.core.life import Fatal, Life, Running, Stopped
from selfhealingd.core.policy import Flags, Kind
from selfhealingd.core.report import Problem
from selfhealingd.core.summary import summary

RUNNING = Running(at=0.0, pid=7)
SOME = Problem(words="it rains", do="wait")


def host(**lives: Life) -> Host:
    return Host(
        services={
            name: Service(name=name, life=life, wanted=True)
            for name, life in lives.items()
        }
    )


WEB = host(web=RUNNING)
NGINX = Service(name="nginx", kind=Kind.WATCH, life=RUNNING, wanted=True)
WATCHED = Host(services={"nginx": NGINX})


@pytest.mark.parametrize(
    ("given", "problems", "wanted"),
    [
        (host(), 0, "0 programs"),
        (WEB, 0, "1 program: 1 RUNNING"),
        (WEB, 1, "1 program: 1 RUNNING; 1 problem"),
        (WATCHED, 0, "1 watch: 1 RUNNING"),
        (
            Host(services={**WEB.services, "a": NGINX, "b": NGINX}),
            0,
            "1 program, 2 watches: 3 RUNNING",
        ),
        (
            host(a=Fatal(0.0), b=RUNNING, c=RUNNING, d=Stopped(0.0)),
            0,
            "4 programs: 2 RUNNING, 1 STOPPED, 1 FATAL (a)",
        ),
        (
            msgspec.structs.replace(WEB, flags=Flags(auto_healing=False)),
            2,
            "1 program: 1 RUNNING; healing is switched off; 2 problems",
        ),
        (
            msgspec.structs.replace(WEB, main=Breaker(state=PermanentlyOpen(10))),
            0,
            "1 program: 1 RUNNING; DORMANT",
        ),
        (
            msgspec.structs.replace(WEB, shutting_down=True),
            3,
            "stopping: 1 program left",
        ),
    ],
)
def test_what_is_said(given: Host, problems: int, wanted: str) -> None:
    """Counts by state, and after them what a person must know."""
    assert wanted == summary(given, [SOME] * problems)


def test_many_that_failed_are_not_all_named() -> None:
    """The line stays one."""
    lives: dict[str, Life] = {f"p{number}": Fatal(0.0) for number in range(40)}
    wanted = "40 programs: 40 FATAL (p0, p1, p2, p3, p4, ...)"
    assert wanted == summary(host(**lives), [])


def test_what_is_critical_is_counted_apart() -> None:
    """Nobody should take it for a small matter."""
    worse = msgspec.structs.replace(SOME, critical=True)
    wanted = "1 program: 1 RUNNING; 2 problems, 1 CRITICAL"
    assert wanted == summary(WEB, [SOME, worse])
