"""What a person is told at night: what, since when, what comes next, what to type."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from selfhealingd.core.breaker import Breaker, PermanentlyOpen
from selfhealingd.core.host import Host, Service
from selfhealingd.core.incident import Cause, Incident
from selfhealingd.core.life import Backoff, Running, Why
from selfhealingd.core.notice import LONGEST_TITLE, MOST_LINES, Notice, notice
from selfhealingd.core.policy import Policy, Program
from selfhealingd.core.snapshot import Anchor
from selfhealingd.wire.documents import EventDocument

ANCHOR = Anchor(100.0, datetime(2026, 11, 26, 3, 12, 9, tzinfo=UTC))
OPEN = Incident(
    id="web-1", service="web", cause=Cause.EXIT, detail="exited", opened=99.0
)
DOWN = Service(
    name="web",
    life=Backoff(at=99.0, until=105.0, why=Why.BACKOFF),
    wanted=True,
    incident=OPEN,
)
FOR_GOOD = Breaker(state=PermanentlyOpen(failures=10, reason="too often"))


def event(seq: int = 1, **keys: Any) -> EventDocument:
    usual: dict[str, Any] = {
        "at": "2026-11-26T03:12:08.123Z",
        "kind": "incident.opened",
        "component": "SelfHealing",
        "service": "web",
        "words": "crashed: exited with status 1 (incident web-1)",
        "level": "warning",
    }
    return EventDocument(seq=seq, **(usual | keys))


def told(*events: EventDocument, service: Service = DOWN, **keys: Any) -> Notice:
    host = Host(services={"web": service}, main=keys.pop("main", Breaker()))
    policy = Policy(programs={"web": Program(name="web")})
    return notice(policy, host, events, anchor=ANCHOR, node="db1", **keys)


def test_a_crash() -> None:
    """All of it in five lines."""
    assert Notice(
        title="db1: web: crashed: exited with status 1 (incident web-1)",
        body=(
            "2026-11-26 03:12:08 UTC web: crashed: exited with status 1 (incident"
            " web-1)\n"
            "now: web is BACKOFF since 2026-11-26 03:12:08 UTC\n"
            "next: restart, attempt 1, in 5 s\n"
            "see: selfhealctl show web"
        ),
        tone="warning",
    ) == told(event())


def test_what_matters_most_is_the_title() -> None:
    """The loudest, of these what says most; the others are in the body, in order."""
    said = told(
        event(1),
        event(2, kind="service.transition", words="next try in 5 s (backoff)"),
        event(3, kind="attempt.began", words="trying to restart", level="info"),
    )
    assert "db1: web: crashed: exited with status 1 (incident web-1) (+2)" == said.title
    assert [
        "web: crashed: exited with status 1 (incident web-1)",
        "web: next try in 5 s (backoff)",
        "web: trying to restart",
    ] == [line.partition("UTC ")[2] for line in said.body.splitlines()[:3]]


def test_it_is_healed() -> None:
    """There is nothing to do, and that is said."""
    up = replace(DOWN, life=Running(at=99.0, pid=7), incident=replace(OPEN, ended=99.5))
    ended = event(kind="incident.ended", words="healed (incident web-1)", level="info")
    up = replace(up, incident=None)
    said = told(ended, service=up)
    assert "success" == said.tone
    assert [
        "next: nothing, it is well as far as is known",
        "see: selfhealctl explain web",
    ] == said.body.splitlines()[-2:]


@pytest.mark.parametrize(
    ("service", "keys", "last"),
    [
        (
            replace(DOWN, breaker=FOR_GOOD),
            {},
            'then: selfhealctl reset program:web --force --reason "…"',
        ),
        (DOWN, {"main": FOR_GOOD}, 'then: selfhealctl resume --reason "…"'),
    ],
)
def test_what_only_a_person_can_mend(
    service: Service, keys: dict[str, Any], last: str
) -> None:
    """The command that lets it be healed again is the last line."""
    said = told(event(), service=service, **keys)
    assert last == said.body.splitlines()[-1]
    assert ("main" in keys) == ("the engine is DORMANT" in said.body)


def test_what_is_about_none() -> None:
    """Status is where to look."""
    said = told(event(kind="problem.found", service=None, words="disk /: 95% used"))
    assert "db1: disk /: 95% used" == said.title
    assert said.body.endswith("\nsee: selfhealctl status")


def test_a_storm_is_one_short_message() -> None:
    """The latest are named, the others counted; no line is long, none breaks."""
    storm = [event(number, words="x\ny\x1b[31m" * 200) for number in range(30)]
    said = told(*storm, missed=5)
    lines = said.body.splitlines()
    assert f"and {30 - MOST_LINES + 5} before: selfhealctl events -n 500" in lines
    assert said.title.endswith("… (+29)")
    assert len(said.title) <= LONGEST_TITLE + 10
    assert MOST_LINES + 4 == len(lines)
    assert "\x1b" not in said.body
