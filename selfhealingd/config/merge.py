"""Which config to go on with when another one was read. Pure."""

from collections.abc import Collection, Mapping
from typing import TypeVar

from msgspec.structs import replace

from selfhealingd.config.diff import compare
from selfhealingd.config.settings import Config

T = TypeVar("T")


def merge(in_force: Config, wanted: Config, *, keep: frozenset[str]) -> Config:
    """Return ``wanted``, with what can't be applied now as it is in force.

    ``keep``: programs that run and must not be disturbed; what they run stays as it
    is, and one that ``wanted`` no longer has stays altogether. What only a new daemon
    reads (``[daemon]``, ``[control]``) stays, too.
    """
    staying = keep & in_force.launches.keys()
    gone = staying - wanted.launches.keys()
    launches = wanted.launches | {name: in_force.launches[name] for name in staying}
    programs = wanted.policy.programs | {
        name: in_force.policy.programs[name] for name in gone
    }
    for name in staying - gone:
        # What is looked for once it runs goes with what is run.
        was = in_force.policy.programs[name]
        programs[name] = replace(
            programs[name], readiness=was.readiness, asked_later=was.asked_later
        )
    for name in gone:
        # What it needed may be gone already, as it was down.
        needs = programs[name].depends_on.items()
        kept = {need: how for need, how in needs if need in programs}
        programs[name] = replace(programs[name], depends_on=kept)
    return replace(
        wanted,
        daemon=replace(
            in_force.daemon,
            include=wanted.daemon.include,
            tasks_caution=wanted.daemon.tasks_caution,
            tasks_overload=wanted.daemon.tasks_overload,
        ),
        control=in_force.control,
        launches=launches,
        rules=wanted.rules | _pick({}, in_force.rules, gone),
        watches={n: one for n, one in wanted.watches.items() if n not in gone},
        policy=replace(wanted.policy, programs=programs),
        probes=_pick(wanted.probes, in_force.probes, staying),
    )


def pending(in_force: Config, wanted: Config) -> frozenset[str]:
    """Return the programs of which something waits for a restart or a stop."""
    changes = compare(in_force, wanted)
    gone = in_force.launches.keys() & {*changes.removed}
    return frozenset(changes.relaunch) | gone


def pick(base: Config, read: Config, names: Collection[str]) -> Config:
    """Return ``base`` with what ``read`` says of these programs alone.

    One that ``read`` doesn't have is left out.
    """
    programs = _pick(base.policy.programs, read.policy.programs, names)
    return replace(
        base,
        launches=_pick(base.launches, read.launches, names),
        reloads=_pick(base.reloads, read.reloads, names),
        rules=_pick(base.rules, read.rules, names),
        probes=_pick(base.probes, read.probes, names),
        watches=_pick(base.watches, read.watches, names),
        drills=_pick(base.drills, read.drills, names),
        policy=replace(base.policy, programs=programs),
    )


def without(base: Config, names: Collection[str]) -> Config:
    """Return ``base`` without these programs."""
    policy = replace(base.policy, programs={})
    nothing = replace(
        base,
        launches={},
        watches={},
        reloads={},
        rules={},
        drills={},
        policy=policy,
    )
    return pick(base, nothing, names)


def _pick(
    base: Mapping[str, T], read: Mapping[str, T], names: Collection[str]
) -> dict[str, T]:
    """Return whom they have, in the order of ``base``; who is new comes last."""
    return {
        name: read[name] if name in names else base[name]
        for name in {**base, **read}
        if name in (read if name in names else base)
    }
