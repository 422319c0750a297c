"""What survives the daemon, and what a boot or a crash makes of it."""

import tomllib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import tomli_w
from core.simulator import NOON
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from selfhealingd.core import snapshot
from selfhealingd.core.adoption import Survivor
from selfhealingd.core.breaker import (
    Breaker,
    BreakerState,
    By,
    Change,
    Closed,
    HalfOpen,
    Open,
    PermanentlyOpen,
)
from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Counters, Host, Service
from selfhealingd.core.incident import Attempt, Cause, Ending, Incident, Result
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Fatal,
    Held,
    Life,
    Purpose,
    Running,
    Starting,
    Stopped,
    Stopping,
    Why,
    alive,
    pid_of,
)
from selfhealingd.core.policy import Flags, Policy, Program
from selfhealingd.core.readiness import Readiness, Tcp
from selfhealingd.core.snapshot import Anchor, BadSnapshot, Return
from selfhealingd.core.undertaking import Undertaking, Verb

NOW = 1000.0
ANCHOR = Anchor(NOW, NOON)
POLICY = Policy(programs={"web": Program(name="web"), "db": Program(name="db")})
AWAY = 7.0
KILLED = Return(anchor=ANCHOR, now=NOW + AWAY, same_boot=True, clean=False)
CLEAN = replace(KILLED, clean=True)
BOOTED = Return(anchor=Anchor(20.0, NOON), now=27.0, same_boot=False, clean=False)
MICRO = 1e-5


def bring_back(host: Host, back: Return = KILLED, policy: Policy = POLICY) -> Host:
    """Through a real TOML file's text."""
    text = tomli_w.dumps(
        {
            "engine": snapshot.encode_engine(host, ANCHOR),
            "service": {
                name: snapshot.encode_service(s, ANCHOR)
                for name, s in host.services.items()
            },
        }
    )
    read = tomllib.loads(text)
    return snapshot.decode(read["engine"], read["service"], policy, back)


def one(life: Life, **values: Any) -> Service:
    return Service(**{"name": "web", "life": life, "wanted": True, "run": 3, **values})


def back(life: Life, how: Return = KILLED, **values: Any) -> Service:
    host = Host(services={"web": one(life, **values)})
    return bring_back(host, how).services["web"]


times = st.floats(0, 1e6).map(lambda x: round(x, 3))
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)
changes = st.builds(
    Change, at=times, reason=texts, by=st.none() | st.builds(By, st.just(0), st.just(1))
)
failures = st.integers(0, 20)
states = st.one_of(
    st.builds(Closed, failures),
    st.builds(Open, failures, times),
    st.builds(HalfOpen, failures, times),
    st.builds(PermanentlyOpen, failures, texts),
)
breakers = st.builds(
    Breaker, state=states, generation=failures, change=st.none() | changes
)
pids = st.none() | st.integers(1, 9)
lives: st.SearchStrategy[Life] = st.one_of(
    st.builds(Stopped, times),
    st.builds(Starting, times, pids),
    st.builds(Running, times, st.integers(1, 9)),
    st.builds(Backoff, times, st.sampled_from(Why), st.none() | times),
    st.builds(
        Stopping,
        times,
        st.sampled_from(Purpose),
        times,
        pids,
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    st.builds(Exited, times, st.sampled_from(Held)),
    st.builds(Fatal, times),
)
ends = st.builds(
    Exit,
    at=times,
    code=st.none() | failures,
    signal=st.none() | failures,
    problem=st.none() | texts,
    lasted=times,
    early=st.booleans(),
    told=st.booleans(),
)
attempts = st.builds(
    Attempt,
    number=failures,
    remedy=texts,
    began=times,
    deadline=times,
    ticket=failures,
    main_ticket=failures,
    ended=st.none() | times,
    result=st.none() | st.sampled_from(Result),
    detail=st.none() | texts,
)
incidents = st.builds(
    Incident,
    id=texts,
    service=st.just("web"),
    cause=st.sampled_from(Cause),
    detail=texts,
    opened=times,
    ended=st.none() | times,
    ending=st.none() | st.sampled_from(Ending),
    attempts=st.lists(attempts, max_size=3).map(tuple),
    advice=st.none() | texts,
)
undertakings = st.builds(
    Undertaking,
    number=failures,
    verb=st.sampled_from(Verb),
    options=texts,
    names=st.just(("db", "web")),
    left=st.sampled_from([("web",), ("db", "web")]),
    by=st.builds(By, st.just(0), st.just(1)),
)
several = st.lists(undertakings, max_size=2).map(tuple)
services = st.builds(
    Service,
    name=st.just("web"),
    life=lives,
    wanted=st.booleans(),
    run=failures,
    started=st.none() | failures,
    exit=st.none() | ends,
    failed_starts=failures,
    breaker=breakers,
    incident=st.none() | incidents,
    healings=st.lists(times, max_size=3).map(tuple),
)
hosts = st.builds(
    Host,
    services=services.map(lambda s: {"web": s}),
    main=breakers,
    counters=st.builds(Counters, attempts=failures, healed=failures, failed=failures),
    remedies=st.lists(times, max_size=3).map(tuple),
    flags=st.builds(Flags, auto_healing=st.booleans()),
    seed=texts,
    undertakings=several,
    unfinished=several,
)


def _untimed(host: Host) -> tuple[object, ...]:
    """What has no times in it, so that it comes back to the letter."""
    work = (host.undertakings, host.unfinished)
    return (host.counters, host.flags, host.seed, *work)


@given(hosts)
def test_any_host_comes_back(host: Host) -> None:
    """Through TOML and its clock: counters, causes and waits are as they were."""
    found = bring_back(host)
    assert _untimed(host) == _untimed(found)
    assert host.remedies == pytest.approx(found.remedies, abs=MICRO)
    was, now = host.services["web"], found.services["web"]
    assert (was.wanted, was.run, was.failed_starts) == (
        now.wanted,
        now.run,
        now.failed_starts,
    )
    if was.incident is not None and now.incident is not None:
        assert was.incident.advice == now.incident.advice
    assert was.healings == pytest.approx(now.healings, abs=MICRO)
    assert was.breaker.failures == now.breaker.failures
    assert was.breaker.permanent == now.breaker.permanent
    assert host.dormant == found.dormant
    # Its times are rounded to what UTC in the file can tell.
    goes_on = type(was.life) is type(now.life) and alive(was.life)
    assert now.attempt is None or goes_on
    assert (was.exit is None) == (now.exit is None)
    if was.exit is not None and now.exit is not None:
        assert now.exit.at == pytest.approx(was.exit.at, abs=MICRO)
        assert replace(was.exit, at=0) == replace(now.exit, at=0)


@given(hosts)
def test_twice_is_as_once(host: Host) -> None:
    """What was brought back can be written and brought back again."""
    once = bring_back(host)
    again = bring_back(once)
    assert once.counters == again.counters
    assert [type(s.life) for s in once.services.values()] == [
        type(s.life) for s in again.services.values()
    ]


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (Closed(3), Closed),
        (Open(5, NOW + 30), Open),
        (HalfOpen(5, NOW + 30), Open),
        (PermanentlyOpen(10), PermanentlyOpen),
    ],
)
def test_breakers(state: BreakerState, kind: type[BreakerState]) -> None:
    """Their counts and their kind, but for HALF_OPEN."""
    host = Host(main=Breaker(state=state), services={"web": one(Stopped(0))})
    found = bring_back(host).main
    assert (state.failures, kind) == (found.failures, type(found.state))


def test_an_open_breaker_waits_for_what_is_left() -> None:
    """Thirty seconds were left; the daemon was away for seven of them."""
    own = Breaker(state=Open(5, NOW + 30))
    s = back(Backoff(NOW, Why.BREAKER, NOW + 30), breaker=own)
    assert isinstance(s.breaker.state, Open)
    assert NOW + 30 == pytest.approx(s.breaker.state.until)


def test_also_across_a_boot() -> None:
    """On a clock that began anew, by wall time."""
    own = Breaker(state=Open(5, NOW + 30))
    s = back(Backoff(NOW, Why.BREAKER, NOW + 30), BOOTED, breaker=own)
    assert isinstance(s.breaker.state, Open)
    assert 20 + 30 == pytest.approx(s.breaker.state.until)


def test_a_half_open_one_waits_for_a_full_minute() -> None:
    """So a daemon that crashes over and over can't try freely."""
    own = Breaker(state=HalfOpen(5, NOW + 1))
    s = back(Running(NOW, 7), breaker=own)
    assert isinstance(s.breaker.state, Open)
    assert NOW + AWAY + 60 <= s.breaker.state.until <= NOW + AWAY + 66


@pytest.mark.parametrize("how", [KILLED, CLEAN, BOOTED])
def test_dormant_stays_dormant(how: Return) -> None:
    """However the daemon ended; with reason, time, and who made it so."""
    change = Change(at=NOW, reason="Exceeded", by=By(0, 42))
    main = Breaker(state=PermanentlyOpen(10), generation=9, change=change)
    found = bring_back(Host(main=main), how)
    assert found.dormant
    assert found.main.change is not None
    assert ("Exceeded", By(0, 42)) == (found.main.change.reason, found.main.change.by)
    assert main.state == found.main.state


FINISHED, NEVER = Exited(NOW, Held.FINISHED), Exited(NOW, Held.NEVER)


@pytest.mark.parametrize(
    ("life", "how", "kind"),
    [
        (Starting(NOW), KILLED, Stopped),
        (Starting(NOW, 7), KILLED, Starting),
        (Running(NOW, 7), KILLED, Running),
        (Stopping(NOW, Purpose.AGAIN, NOW, 7), KILLED, Stopping),
        (Stopping(NOW, Purpose.AGAIN, NOW), KILLED, Stopped),
        (Stopping(NOW, Purpose.SETTLE, NOW, ended=True), KILLED, Stopping),
        (Starting(NOW, 7), BOOTED, Stopped),
        (Running(NOW, 7), BOOTED, Stopped),
        (Stopping(NOW, Purpose.AGAIN, NOW, 7), CLEAN, Stopped),
        (Stopped(NOW), KILLED, Stopped),
        (Backoff(NOW, Why.TURN), KILLED, Backoff),
        (Fatal(NOW), BOOTED, Fatal),
        (FINISHED, KILLED, Exited),
        (FINISHED, CLEAN, Stopped),
        (FINISHED, BOOTED, Stopped),
        (NEVER, KILLED, Exited),
        (NEVER, CLEAN, Stopped),
        (Exited(NOW, Held.DORMANT), BOOTED, Exited),
        (Exited(NOW, Held.SWITCHED_OFF), CLEAN, Exited),
    ],
)
def test_lives(life: Life, how: Return, kind: type[Life]) -> None:
    """What was alive goes on until more is known; what waited, waits; done is done."""
    assert kind is type(back(life, how).life)


@pytest.mark.parametrize(
    "life",
    [
        Starting(NOW),
        Starting(NOW, 7),
        Starting(NOW, 7, until=NOW + 50, lack="nothing listens on :80"),
        Starting(NOW, 7, ready=True),
        Running(NOW, 7),
        Stopping(NOW, Purpose.SETTLE, NOW + 5, 7, early=True, problem="not ready"),
        Stopping(NOW, Purpose.STAY, NOW + 5, 7),
        Stopping(NOW, Purpose.STAY, NOW + 5),
        Stopping(NOW, Purpose.STAY, NOW + 5, ended=True, early=True),
    ],
)
def test_leftovers_can_be_found(life: Life) -> None:
    """With the pid, where there is one, stands the start time that proves it."""
    plain = snapshot.encode_service(one(life, started=123), ANCHOR)
    assert (pid_of(life), 123, 3) == (plain.get("pid"), plain["started"], plain["run"])


def test_times_are_readable() -> None:
    """A person who opens the file sees dates."""
    s = one(Backoff(NOW + 5, Why.BACKOFF, NOW + 60))
    plain = snapshot.encode_service(s, ANCHOR)
    assert NOON + timedelta(seconds=60) == plain["life"]["until"]
    assert "at = 2026-01-01 12:00:05+00:00" in tomli_w.dumps(plain)


def test_the_attempt_that_was_under_way_counts_neither_way() -> None:
    """The daemon didn't see its end, nor will the next one: the host was booted."""
    attempt = Attempt(
        number=1, remedy="restart", began=NOW, deadline=NOW, ticket=0, main_ticket=0
    )
    opened = Incident(
        id="web-1",
        service="web",
        cause=Cause.EXIT,
        detail="x",
        opened=NOW,
        attempts=(attempt,),
    )
    s = back(Running(NOW, 7), BOOTED, incident=opened)
    assert s.open_incident is not None
    last = s.open_incident.attempts[-1]
    assert (Result.INTERRUPTED, "the daemon ended") == (last.result, last.detail)


def test_a_version_that_knew_no_undertakings_is_taken_over() -> None:
    """Its file has no such keys."""
    plain = snapshot.encode_engine(Host(), ANCHOR)
    assert not {"undertakings", "unfinished"} & plain.keys()
    found = snapshot.decode(plain, {}, POLICY, KILLED)
    assert ((), ()) == (found.undertakings, found.unfinished)


LEASE = NOW + 40
TRY = Attempt(
    number=1, remedy="restart", began=NOW, deadline=LEASE, ticket=4, main_ticket=9
)
TRIED = Incident(
    id="web-1", service="web", cause=Cause.EXIT, detail="x", opened=NOW, attempts=(TRY,)
)


def test_an_attempt_of_which_the_process_was_seen_goes_on() -> None:
    """Its breakers stay half-open; time in which nobody looked is none of its lease."""
    own = Breaker(state=HalfOpen(5, LEASE), generation=4)
    main = Breaker(state=HalfOpen(7, LEASE), generation=9)
    s = one(Running(NOW, 7), incident=TRIED, breaker=own)
    found = bring_back(Host(services={"web": s}, main=main))
    assert replace(TRY, deadline=LEASE + AWAY) == found.services["web"].attempt
    twice = NOW + 2 * (LEASE + AWAY - NOW)
    assert HalfOpen(5, twice) == found.services["web"].breaker.state
    assert HalfOpen(7, twice) == found.main.state
    assert (4, 9) == (found.services["web"].breaker.generation, found.main.generation)


def test_an_attempt_that_was_over_before_is_given_no_time() -> None:
    """It is judged as it would have been."""
    over = replace(TRY, began=NOW - 50, deadline=NOW - 1)
    tried = replace(TRIED, attempts=(over,))
    assert over == back(Running(NOW, 7), incident=tried).attempt


@pytest.mark.parametrize(
    ("life", "after"),
    [
        (Starting(NOW - 4, 7), Starting(NOW - 4, 7, until=NOW + AWAY + 6)),
        (Starting(NOW - 4, 7, until=NOW + 9), Starting(NOW - 4, 7, until=NOW + 16)),
        (Starting(NOW - 4, 7, ready=True), Starting(NOW - 4, 7, ready=True)),
        (Starting(NOW - 11, 7), Starting(NOW - 11, 7, until=NOW - 1)),
    ],
)
def test_what_is_to_get_ready_has_as_long_as_it_had(life: Life, after: Life) -> None:
    """What is asked of it was not asked while nobody was there."""
    readiness = Readiness(sign=Tcp("", 80), within=10)
    web = Program(name="web", readiness=readiness)
    host = Host(services={"web": one(life)})
    found = bring_back(host, policy=Policy(programs={"web": web}))
    assert after == found.services["web"].life


def test_an_attempt_that_nobody_saw_begin_leaves_no_breaker_half_open() -> None:
    """Its spawn came to nothing: each waits for a full minute."""
    own = Breaker(state=HalfOpen(5, LEASE), generation=4)
    main = Breaker(state=HalfOpen(7, LEASE), generation=9)
    s = one(Starting(NOW), incident=TRIED, breaker=own)
    found = bring_back(Host(services={"web": s}, main=main))
    assert found.services["web"].attempt is None
    assert ["OPEN", "OPEN"] == [found.services["web"].breaker.label, found.main.label]


def survivor(run: int = 3) -> Survivor:
    return Survivor(run=run, pid=7, started=123, at=NOW - 2)


@pytest.mark.parametrize(
    ("life", "run", "after"),
    [
        (Running(NOW, 7), 3, Running(NOW, 7)),
        (Starting(NOW, 7), 3, Starting(NOW, 7)),
        (Starting(NOW), 3, Starting(NOW - 2, 7)),
        (Stopping(NOW, Purpose.STAY, NOW + 5, 7), 3, None),
        (Stopping(NOW, Purpose.STAY, NOW + 5), 3, None),
        (Backoff(NOW, Why.TURN), 4, Starting(NOW - 2, 7)),
        (Stopped(NOW), 4, Starting(NOW - 2, 7)),
        (Running(NOW, 6), 4, Starting(NOW - 2, 7)),
    ],
)
def test_what_runs_on_keeps_its_life(life: Life, run: int, after: Life | None) -> None:
    """With its times; a later run than the file knows is a new one, and wanted."""
    host = Host(services={"web": one(life, wanted=run == 3, started=123)})
    how = replace(KILLED, survivors={"web": survivor(run)})
    found = bring_back(host, how).services["web"]
    assert (after or life) == found.life
    assert (run, 123, True) == (found.run, found.started, found.wanted)


def test_what_runs_on_is_known_without_a_file() -> None:
    """The state is lost: its run is told by its marks."""
    how = replace(KILLED, survivors={"db": survivor(9)})
    found = snapshot.decode({}, {}, POLICY, how).services
    assert (9, Starting(NOW - 2, 7)) == (found["db"].run, found["db"].life)
    assert isinstance(found["web"].life, Stopped)


def test_programs_come_and_go_with_the_config() -> None:
    """What has no program any more is forgotten; what is new has never run."""
    host = Host(services={"web": one(Fatal(NOW)), "old": one(Fatal(NOW))})
    policy = Policy(
        programs={
            "new": Program(name="new", autostart=False),
            "web": Program(name="web"),
        }
    )
    found = bring_back(host, policy=policy).services
    assert ["new", "web"] == list(found)
    assert (False, 0) == (found["new"].wanted, found["new"].run)
    assert isinstance(found["web"].life, Fatal)


def test_an_empty_file_is_a_first_start() -> None:
    """Everything wanted, nothing ever run."""
    found = snapshot.decode({}, {}, POLICY, KILLED)
    assert ["web", "db"] == list(found.services)
    assert all(isinstance(s.life, Stopped) for s in found.services.values())


toml_values = st.recursive(
    st.none().map(lambda _: 0)
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | texts
    | st.datetimes()
    | st.datetimes(timezones=st.just(UTC))
    | st.dates()
    | st.times(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=5,
)


@given(
    st.sampled_from(
        ["life", "wanted", "run", "exit", "breaker", "incident", "started", "at"]
    ),
    toml_values,
)
def test_a_garbled_service_is_refused_or_read(key: str, value: object) -> None:
    """Whatever stands there: BadSnapshot that says where, or a host; nothing else."""
    plain = snapshot.encode_service(one(Running(NOW, 7)), ANCHOR)
    plain[key] = value
    try:
        snapshot.decode({}, {"web": plain}, POLICY, KILLED)
    except BadSnapshot as error:
        assert str(error).startswith("service.web: ")  # noqa: PT017


@given(
    st.sampled_from(["main", "counters", "remedies", "seed", "flags", "services"]),
    toml_values,
)
def test_a_garbled_engine_is_refused_or_read(key: str, value: object) -> None:
    """The same for the engine's own values."""
    plain = snapshot.encode_engine(Host(remedies=(NOW,)), ANCHOR)
    plain[key] = value
    try:
        snapshot.decode(plain, {}, POLICY, KILLED)
    except BadSnapshot as error:
        assert str(error).startswith("engine: ")  # noqa: PT017


@given(times, times)
def test_an_anchor_maps_both_ways(at: float, other: float) -> None:
    """Seconds to UTC and back, to the microsecond, from any anchor."""
    anchor = Anchor(other, NOON)
    assert at == pytest.approx(anchor.to_at(anchor.to_utc(at)), abs=MICRO)


def test_an_anchor_writes_utc() -> None:
    """In RFC 3339, to the millisecond."""
    assert "2026-01-01T12:00:01.500Z" == ANCHOR.rfc3339(NOW + 1.5)
    local = datetime.fromisoformat("2026-01-01T13:00:01+01:00")
    assert NOW + 1 == ANCHOR.to_at(local)


@pytest.mark.parametrize(
    ("life", "ended", "purpose"),
    [
        (Stopped(0), None, Purpose.AGAIN),
        (Backoff(0, Why.BREAKER, 9.0), Exit(at=0, code=1), Purpose.SETTLE),
        (Fatal(0), Exit(at=0, code=1), Purpose.SETTLE),
    ],
)
def test_what_left_processes_behind_is_stopping_first(
    life: Life, ended: Exit | None, purpose: Purpose
) -> None:
    """It comes up, or waits as before, only when nothing of it is left."""
    s = Service(name="web", life=life, wanted=True, exit=ended)
    other = replace(s, name="db")
    host = Host(services={"web": s, "db": other})
    left = snapshot.with_leftovers(host, {"web": 15.0}, now=5.0)
    assert Stopping(5.0, purpose, 15.0, ended=True) == left.services["web"].life
    assert other == left.services["db"]
