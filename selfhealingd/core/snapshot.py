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
from selfhealingd.core.breaker import Breaker
from selfhealingd.core.host import Host, Service
from selfhealingd.core.incident import Result
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Fatal,
    Held,
    Purpose,
    Stopped,
    Stopping,
    pid_of,
)
from selfhealingd.core.policy import BreakerPolicy, Policy
from selfhealingd.wire.times import rfc3339

T = TypeVar("T")

TIMES = frozenset({"at", "until", "deadline", "opened", "ended", "began", "remedies"})
"""Keys that hold times, wherever they stand."""


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
    """

    anchor: Anchor
    now: float
    same_boot: bool
    clean: bool


class BadSnapshot(Exception):
    """The values are not a host; says where and why."""


def encode_service(s: Service, anchor: Anchor) -> dict[str, Any]:
    """One service as values that TOML knows, without the name."""
    plain: dict[str, Any] = _to_utc(msgspec.to_builtins(s), anchor)
    del plain["name"]
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
    )
    plain: dict[str, Any] = _to_utc(msgspec.to_builtins(bare), anchor)
    return plain


def decode(
    engine: Mapping[str, Any],
    services: Mapping[str, Mapping[str, Any]],
    policy: Policy,
    back: Return,
) -> Host:
    """Bring the host back as it should go on; services without a program are left out.

    What was alive is not any more: it is STOPPED, wanted as before, and ``Began``
    starts it. Raises BadSnapshot.
    """
    host = _convert(dict(engine), Host, "engine", back.anchor)
    main = breaker.restore(
        policy.main, host.main, now=back.now, spread=host.jitter("main", back.now)
    )
    restored = {
        name: _restore(name, services[name], policy, host, back)
        for name in policy.programs
        if name in services
    }
    fresh = {
        name: Service(name=name, life=Stopped(back.now), wanted=program.autostart)
        for name, program in policy.programs.items()
        if name not in restored
    }
    ordered = {name: {**restored, **fresh}[name] for name in policy.programs}
    return replace(host, services=ordered, main=main)


def with_leftovers(host: Host, left: Mapping[str, float], *, now: float) -> Host:
    """Mark programs of which an earlier daemon left processes that are being ended.

    ``left``: until when each has to end by itself. Such a program is STOPPING, and
    comes up, if it is wanted, once ``Emptied`` tells that nothing is left.
    """
    services = dict(host.services)
    for name, deadline in left.items():
        s = services[name]
        # What was down with leftovers is down again by how it had ended.
        down = not isinstance(s.life, Stopped) and s.exit is not None
        up = Purpose.AGAIN if s.wanted else Purpose.STAY
        purpose = Purpose.SETTLE if down else up
        life = Stopping(now, purpose, deadline, ended=True)
        services[name] = replace(s, life=life)
    return replace(host, services=services)


def _restore(
    name: str,
    plain: Mapping[str, Any],
    policy: Policy,
    host: Host,
    back: Return,
) -> Service:
    values = {k: v for k, v in plain.items() if k != "pid"}
    s = _convert({**values, "name": name}, Service, f"service.{name}", back.anchor)
    healing = policy.programs[name].healing
    own = _restore_breaker(healing.breaker, s.breaker, host, back, name)
    s = replace(s, breaker=own, started=None)
    if s.attempt is not None and s.incident is not None:
        ended = incident.conclude(
            s.incident,
            result=Result.INTERRUPTED,
            detail="the daemon ended",
            now=back.now,
        )
        s = replace(s, incident=ended)
    match s.life:
        case Fatal() | Backoff():
            return s
        case Exited(held=Held.FINISHED | Held.NEVER):
            # After a mere crash of the daemon it has done its work; after a boot or a
            # clean start it is wanted anew.
            if back.same_boot and not back.clean:
                return s
        case Exited():
            return s
        case _:
            pass
    return replace(s, life=Stopped(back.now))


def _restore_breaker(
    policy: BreakerPolicy, which: Breaker, host: Host, back: Return, name: str
) -> Breaker:
    share = host.jitter(name, which.generation)
    return breaker.restore(policy, which, now=back.now, spread=share)


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
