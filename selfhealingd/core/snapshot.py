"""What must survive the daemon: the host as plain values, and back again.

Times in the file are UTC, for people; in the core they are seconds on a monotonic
clock. One pair of readings, ``Anchor``, maps between them for as long as a daemon
lives, so that a wall clock that is set while it runs moves no deadline.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from selfhealingd.core import breaker, incident
from selfhealingd.core.adoption import Survivors, fresh, had_process, take_up
from selfhealingd.core.breaker import Breaker
from selfhealingd.core.host import Host, Service
from selfhealingd.core.incident import Attempt, Result
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Fatal,
    Held,
    Life,
    Purpose,
    Starting,
    Stopped,
    Stopping,
    alive,
    pid_of,
)
from selfhealingd.core.policy import Kind, Policy
from selfhealingd.core.service import ready_by
from selfhealingd.wire.times import rfc3339

T = TypeVar("T")

LOOK_SECS = 15.0
"""Within so long after a start whoever looks for symptoms has begun to: until then, and
for as long as one takes to show, their absence says nothing."""

TIMES = frozenset(
    {
        "at",
        "until",
        "deadline",
        "opened",
        "ended",
        "began",
        "remedies",
        "cleared",
        "healings",
    }
)
"""Keys that hold times, wherever they stand."""

BESIDE = frozenset({"pid", "origin"})
"""Keys of a service's table that are not its state: they stand there for others."""


class Anchor(msgspec.Struct, frozen=True):
    """One moment on both clocks."""

    at: float
    utc: datetime

    def to_utc(self, at: float) -> datetime:
        """Monotonic seconds as UTC."""
        return self.utc + timedelta(seconds=at - self.at)

    def rfc3339(self, at: float) -> str:
        """Monotonic seconds as UTC text, to the millisecond."""
        return rfc3339(self.to_utc(at))

    def to_at(self, utc: datetime) -> float:
        """UTC as monotonic seconds."""
        return self.at + (utc.astimezone(UTC) - self.utc).total_seconds()


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about the time between two daemons.

    ``anchor``: maps the file's times, so that its ``saved_at`` lies as far in the past
    as the daemon was away. ``same_boot``: the host was not started anew meanwhile.
    ``clean``: the earlier daemon ended as asked, with everything stopped.
    ``survivors``: what runs on nevertheless.
    """

    anchor: Anchor
    now: float
    same_boot: bool
    clean: bool
    survivors: Survivors = {}


class BadSnapshot(Exception):
    """The values are not a host; says where and why."""


def encode_service(s: Service, anchor: Anchor) -> dict[str, Any]:
    """One service as values that TOML knows, without the name."""
    plain: dict[str, Any] = _to_utc(msgspec.to_builtins(s), anchor)
    del plain["name"]
    plain.pop("symptoms", None)  # what is wrong is soon seen again, if it still is
    pid = pid_of(s.life)
    if pid is not None:
        plain["pid"] = pid
    return plain


def encode_engine(host: Host, anchor: Anchor) -> dict[str, Any]:
    """Everything but the services.

    The flags have a file of their own; these are for a start at which it is broken.
    """
    bare = Host(
        main=host.main,
        counters=host.counters,
        remedies=host.remedies,
        flags=host.flags,
        seed=host.seed,
        undertakings=host.undertakings,
        unfinished=host.unfinished,
    )
    plain: dict[str, Any] = _to_utc(msgspec.to_builtins(bare), anchor)
    return plain


def encode_breaker(which: Breaker, anchor: Anchor) -> dict[str, Any]:
    """Encode a breaker that is none of the host's, as values that TOML knows."""
    plain: dict[str, Any] = _to_utc(msgspec.to_builtins(which), anchor)
    return plain


def read_breaker(plain: Mapping[str, Any], anchor: Anchor) -> Breaker:
    """Return a breaker as it was written; raises BadSnapshot."""
    return _convert(dict(plain), Breaker, "breaker", anchor)


def read(
    engine: Mapping[str, Any],
    services: Mapping[str, Mapping[str, Any]],
    anchor: Anchor,
) -> Host:
    """Return the host as it was written; raises BadSnapshot."""
    host = _convert(dict(engine), Host, "engine", anchor)
    known = {
        name: _read_service(name, plain, anchor) for name, plain in services.items()
    }
    return replace(host, services=known)


def restore(host: Host, policy: Policy, back: Return) -> Host:
    """Bring a host back as it should go on; services without a program are left out.

    What runs on goes on, as does what has ended since, of which the news is still to
    come (``adoption.missed``). Otherwise what was alive is not any more: it is STOPPED,
    wanted as before, and ``Began`` starts it.
    """
    services = {
        name: _restore(host.services[name], policy, host, back)
        if name in host.services
        else _first(name, policy, back)
        for name in policy.programs
    }
    return replace(host, services=services, main=_main(host, services, policy, back))


def decode(
    engine: Mapping[str, Any],
    services: Mapping[str, Mapping[str, Any]],
    policy: Policy,
    back: Return,
) -> Host:
    """Read a host and bring it back; raises BadSnapshot."""
    return restore(read(engine, services, back.anchor), policy, back)


def with_leftovers(host: Host, left: Mapping[str, float], *, now: float) -> Host:
    """Mark programs that are down, but left processes that are being ended.

    ``left``: until when each has to end by itself. Such a program is STOPPING, and
    comes up, if it is wanted, once ``Emptied`` tells that nothing is left.
    """
    services = dict(host.services)
    for name, deadline in left.items():
        s = services[name]
        if alive(s.life):
            continue
        # What was down with leftovers is down again by how it had ended.
        down = not isinstance(s.life, Stopped) and s.exit is not None
        up = Purpose.AGAIN if s.wanted else Purpose.STAY
        purpose = Purpose.SETTLE if down else up
        life = Stopping(now, purpose, deadline, ended=True)
        services[name] = replace(s, life=life)
    return replace(host, services=services)


def _read_service(name: str, plain: Mapping[str, Any], anchor: Anchor) -> Service:
    values = {k: v for k, v in plain.items() if k not in BESIDE}
    return _convert({**values, "name": name}, Service, f"service.{name}", anchor)


def _first(name: str, policy: Policy, back: Return) -> Service:
    s = fresh(policy.programs[name], now=back.now)
    survivor = back.survivors.get(name)
    return s if survivor is None else take_up(policy.programs[name], s, survivor)


def _restore(s: Service, policy: Policy, host: Host, back: Return) -> Service:
    survivor = back.survivors.get(s.name)
    if policy.programs[s.name].kind is not s.kind:
        return _first(s.name, policy, back)
    newer = survivor is not None and survivor.run > s.run
    # A watch is looked for: its process is no news that anybody could bring.
    ours = s.kind is Kind.PROGRAM
    unseen = ours and back.same_boot and not back.clean and had_process(s.life)
    same = (survivor is not None and not newer) or (survivor is None and unseen)
    # A command of an attempt ended with the daemon, and nobody will tell how.
    goes_on = same and not (s.attempt and s.attempt.command)
    if not (goes_on and s.attempt and s.attempt.ticket == s.breaker.generation):
        share = host.jitter(s.name, s.breaker.generation)
        own = policy.programs[s.name].healing.breaker
        s = replace(
            s, breaker=breaker.restore(own, s.breaker, now=back.now, spread=share)
        )
    s = _given_time(policy, s, back) if goes_on else _interrupted(s, back)
    if s.open_incident is not None and s.open_incident.key is not None:
        s = replace(s, cleared=back.now + LOOK_SECS)
    if survivor is not None:
        return take_up(policy.programs[s.name], s, survivor)
    return s if unseen else replace(s, life=_down(s.life, back), started=None)


def _given_time(policy: Policy, s: Service, back: Return) -> Service:
    """Let what is awaited take as long from now on as it still could then.

    That it has not been seen while nobody looked tells nothing.
    """

    def later(deadline: float) -> float:
        gone_on = deadline > back.anchor.at
        return deadline + back.now - back.anchor.at if gone_on else deadline

    if isinstance(s.life, Starting):
        by = ready_by(policy.programs[s.name], s.life)
        if by is not None:
            s = replace(s, life=replace(s.life, until=later(by)))
    if s.attempt is None or s.open_incident is None:
        return s
    attempt = replace(s.attempt, deadline=later(s.attempt.deadline))
    return replace(
        s,
        incident=incident.amend(s.open_incident, attempt),
        breaker=_leased(s.breaker, attempt, attempt.ticket),
    )


def _leased(which: Breaker, attempt: Attempt, ticket: int) -> Breaker:
    lease = attempt.deadline - attempt.began
    return breaker.extend(which, ticket=ticket, deadline=attempt.began + 2 * lease)


def _interrupted(s: Service, back: Return) -> Service:
    if s.attempt is None or s.incident is None:
        return s
    ended = incident.conclude(
        s.incident, result=Result.INTERRUPTED, detail="the daemon ended", now=back.now
    )
    return replace(s, incident=ended)


def _down(life: Life, back: Return) -> Life:
    match life:
        case Fatal() | Backoff():
            return life
        case Exited(held=Held.FINISHED | Held.NEVER):
            # After a mere crash of the daemon it has done its work; after a boot or a
            # clean start it is wanted anew.
            if back.same_boot and not back.clean:
                return life
        case Exited():
            return life
        case _:
            pass
    return Stopped(back.now)


def _main(
    host: Host, services: Mapping[str, Service], policy: Policy, back: Return
) -> Breaker:
    """Bring the engine's breaker back, as it is while its one try goes on."""
    for s in services.values():
        if s.attempt and s.attempt.main_ticket == host.main.generation:
            return _leased(host.main, s.attempt, s.attempt.main_ticket)
    spread = host.jitter("main", back.now)
    return breaker.restore(policy.main, host.main, now=back.now, spread=spread)


def _convert(plain: dict[str, Any], kind: type[T], where: str, anchor: Anchor) -> T:
    try:
        return msgspec.convert(_to_at(plain, anchor), kind)
    except (msgspec.ValidationError, TypeError, OverflowError) as error:
        raise BadSnapshot(f"{where}: {error}") from error


def _to_utc(plain: Any, anchor: Anchor, key: str = "") -> Any:
    """Turn each time into UTC; TOML has no null, so what is None is left out."""
    if isinstance(plain, dict):
        return {k: _to_utc(v, anchor, k) for k, v in plain.items() if v is not None}
    if isinstance(plain, list | tuple):
        return [_to_utc(v, anchor, key) for v in plain]
    if key in TIMES and isinstance(plain, float | int) and not isinstance(plain, bool):
        return anchor.to_utc(plain)
    return plain


def _to_at(plain: Any, anchor: Anchor) -> Any:
    if isinstance(plain, dict):
        return {k: _to_at(v, anchor) for k, v in plain.items()}
    if isinstance(plain, list):
        return [_to_at(v, anchor) for v in plain]
    if isinstance(plain, datetime):
        if plain.tzinfo is None:
            plain = plain.replace(tzinfo=UTC)
        return anchor.to_at(plain)
    return plain
