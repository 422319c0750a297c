"""One incident is told from its beginning to its end, and nothing else with it."""

from typing import Any

import pytest

from selfhealingd.core.breaker import Breaker, PermanentlyOpen
from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Host, Service
from selfhealingd.core.incident import Cause, Incident
from selfhealingd.core.inquest import (
    SHOWN,
    next_commands,
    service_of,
    told,
    with_evidence,
)
from selfhealingd.core.life import Backoff, Exited, Fatal, Held, Life, Running, Why
from selfhealingd.wire.evidence import EvidenceSummary, MomentDocument

Records = list[dict[str, Any]]


def event(n: int, kind: str, service: str = "my-web", **data: object) -> dict[str, Any]:
    return {
        "at": f"2026-11-26T17:00:{n:02}.000Z",
        "kind": kind,
        "service": service,
        "words": f"{kind} {n}",
        "level": "info",
        "data": data,
    }


def incident(id_: str, **more: object) -> dict[str, object]:
    return {
        "id": id_,
        "service": service_of(id_),
        "cause": "exit",
        "detail": "killed by SIGKILL",
        "opened": "2026-11-26T17:00:02.000Z",
        **more,
    }


ENDED = incident("my-web-2", ended="2026-11-26T17:00:06.000Z", outcome="healed")
STORY: Records = [
    event(0, "incident.opened", incident=incident("my-web-1")),
    event(1, "incident.ended", incident=incident("my-web-1", outcome="healed")),
    event(2, "incident.opened", incident=incident("my-web-2")),
    {"kind": "input", "seq": 3},
    event(3, "attempt.began"),
    event(4, "service.transition", "other"),
    event(5, "attempt.ended"),
    event(6, "incident.ended", incident=ENDED),
    event(7, "service.transition"),
]


def words(moments: tuple[MomentDocument, ...]) -> list[str]:
    return [one.words for one in moments]


def test_from_its_opening_to_its_end() -> None:
    """Neither what was before, nor what came after, nor what is of others."""
    found = told(reversed(STORY), "my-web-2")
    assert [
        "incident.opened 2",
        "attempt.began 3",
        "attempt.ended 5",
        "incident.ended 6",
    ] == words(found.moments)
    assert found.incident is not None
    assert "healed" == found.incident.outcome


def test_an_open_one_goes_on_until_now() -> None:
    """While it has no end, all of the service's is its."""
    found = told(reversed(STORY[:7]), "my-web-2")
    assert "attempt.ended 5" == words(found.moments)[-1]
    assert found.incident is not None
    assert found.incident.outcome is None


def test_nobody_knows_it() -> None:
    """An incident that is not in the journal is none, whatever else is there."""
    assert told(reversed(STORY), "my-web-9").incident is None
    assert told([], "x").incident is None


def test_its_beginning_was_rotated_away() -> None:
    """What is left is told."""
    found = told(reversed(STORY[4:]), "my-web-2")
    assert ["attempt.began 3", "attempt.ended 5", "incident.ended 6"] == words(
        found.moments
    )


@pytest.mark.parametrize("later", [False, True])
def test_one_that_is_not_written_yet_has_no_story_of_others(*, later: bool) -> None:
    """While the disk takes nothing, what there is of the service is of older ones."""
    records = [*STORY, event(8, "incident.opened", incident=incident("my-web-9"))]
    found = told(reversed(records if later else STORY), "my-web-3")
    assert (None, 0) == (found.incident, found.left_out)
    assert ["service.transition 7"] == words(found.moments)


@pytest.mark.parametrize(
    ("action", "minute", "of_it"),
    [
        ("drill kill", 0, True),
        ("stop", 0, False),
        ("drill kill", -30, False),
    ],
)
def test_a_drill_that_led_to_it_is_told(
    action: str, minute: int, *, of_it: bool
) -> None:
    """Who reads of a failure sees that it was meant; one long ago led to nothing."""
    acted = event(2, "operator.acted", action=action, target="my-web")
    del acted["service"]
    acted["at"] = f"2026-11-26T{17 if minute >= 0 else 16}:{minute % 60:02}:02.000Z"
    records = [*STORY[:2], acted, event(2, "attempt.began", "other"), *STORY[2:]]
    found = told(reversed(records), "my-web-2")
    assert ("operator.acted 2" if of_it else None) == found.drill
    assert told(reversed(records), "my-web-1").drill is None


def test_of_a_long_one_the_middle_is_left_out() -> None:
    """Beginning and end are shown, and how many are between."""
    many = [event(n % 60, f"step.{n}") for n in range(500)]
    found = told(reversed([STORY[2], *many]), "my-web-2")
    assert 501 - 2 * SHOWN == found.left_out
    assert 2 * SHOWN == len(found.moments)
    assert "incident.opened 2" == found.moments[0].words
    assert "step.499 19" == found.moments[-1].words
    assert f"step.{SHOWN - 2} {SHOWN - 2}" == found.moments[SHOWN - 1].words


def test_a_damaged_record_harms_nothing() -> None:
    """A record of another version, perhaps, is passed over."""
    bad: Records = [
        event(2, "incident.opened"),
        event(2, "incident.opened", incident=3),
    ]
    assert told([*bad, *reversed(STORY)], "my-web-2").incident is not None


def test_evidence_has_its_place_in_time() -> None:
    """When it was taken is told after the opening, which is of the same moment."""
    found = told(reversed(STORY), "my-web-2")
    short = EvidenceSummary(
        taken="2026-11-26T17:00:02.000Z",
        alive=False,
        end=None,
        oom=None,
        kept=("3 lines of output",),
        missing=("kernel",),
    )
    moments = with_evidence(found.moments, short)
    expected = "evidence: 3 lines of output (not to be had: kernel)"
    assert expected == moments[1].words
    assert found.moments == with_evidence(found.moments, None)


CRASHED = Exit(at=1.0, code=1, lasted=1.0)
OPEN = Incident(
    id="web-1", service="web", cause=Cause.EXIT, detail="status 1", opened=1.0
)
SHUT = Breaker(state=PermanentlyOpen(failures=10))


def service(life: Life, **more: Any) -> Service:
    return Service(
        name="web", life=life, wanted=True, exit=CRASHED, incident=OPEN, **more
    )


@pytest.mark.parametrize(
    ("s", "dormant", "last"),
    [
        (service(Running(at=2.0, pid=7)), False, "selfhealctl tail web"),
        (service(Backoff(2.0, Why.BACKOFF, 9.0)), False, "selfhealctl restart web"),
        (service(Exited(2.0, Held.NEVER)), False, "selfhealctl start web"),
        (
            service(Fatal(2.0), breaker=SHUT),
            False,
            'selfhealctl reset program:web --force --reason "…"',
        ),
        (
            service(Exited(2.0, Held.DORMANT)),
            True,
            'selfhealctl resume --reason "…"',
        ),
        (None, False, "selfhealctl evidence web-1"),
    ],
)
def test_what_to_type(s: Service | None, dormant: bool, last: str) -> None:  # noqa: FBT001
    """The evidence, the log, then what helps in this state."""
    host = Host(main=SHUT if dormant else Breaker())
    see = "selfhealctl tail web"
    commands = next_commands(host, s, "web-1", see=see, kept=True)
    assert "selfhealctl evidence web-1" == commands[0]
    assert last == commands[-1]


def test_what_never_ran_has_no_log_worth_reading() -> None:
    """Nobody is sent to a log in which there can't be anything."""
    never = Exit(at=1.0, problem="cannot start: not found")
    s = Service(name="web", life=Backoff(2.0, Why.BACKOFF), wanted=True, exit=never)
    assert () == next_commands(
        Host(), s, "web-1", see="selfhealctl tail web", kept=False
    )
