"""Methods that put the config into force: all of it, or a few programs of it.

A config with a mistake anywhere changes nothing, also where few are named.
"""

from collections.abc import Collection, Iterable

import trio
from msgspec import Struct
from msgspec.structs import replace

from selfhealingd.commands.common import (
    asker,
    meant,
    programs,
    record,
    refuse_at_the_end,
)
from selfhealingd.config.diff import compare
from selfhealingd.config.merge import merge, pick, without
from selfhealingd.config.relations import misfit
from selfhealingd.config.settings import Config
from selfhealingd.control.registry import Call, Refusal
from selfhealingd.core import policy
from selfhealingd.core.events import RestartAsked, StopAsked
from selfhealingd.core.life import Exited, Fatal, Stopped, alive, label
from selfhealingd.operations import Aim
from selfhealingd.preview import preview
from selfhealingd.reloading import changes_by, put_into_force, read_config, waiting
from selfhealingd.reloading import reload as reload_all
from selfhealingd.system import System
from selfhealingd.wire import methods
from selfhealingd.wire.documents import ReloadReport
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.operation import Finished, Outcome, Started

_APPLIED = {"changed": "applied, without a restart"}


class _Work(Struct, frozen=True, kw_only=True):
    """What is to be done about which programs.

    ``dropped`` were down, and are gone already. ``applied``: what took no start and no
    stop, by name, and what became of it. ``back``: those that the config has, so that
    they come back.
    """

    added: tuple[str, ...] = ()
    restarts: tuple[str, ...] = ()
    removals: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    applied: dict[str, str] = {}
    back: frozenset[str] = frozenset()


async def reread(system: System, _call: Call, params: methods.Some) -> ReloadReport:
    """Say what an update would change, and change nothing."""
    wanted, mistakes = await read_config(system)
    if wanted is None:
        words = "the config can't be used; nothing was changed"
        return ReloadReport(ok=False, words=words, errors=tuple(mistakes))
    named: Collection[str] = wanted.launches
    if params.names:
        named = _either(system, wanted, params.names)
        _check(pick(system.wanted, wanted, named))
        wanted = pick(system.config, wanted, named)
    changes = changes_by(system, wanted, named)
    services = system.loop.host.services
    pending = tuple(preview(changes, wanted.policy.programs, services))
    words = "an update would change this" if pending else "nothing changed"
    return ReloadReport(ok=True, words=words, pending=pending)


async def update(system: System, call: Call, params: methods.Update) -> Started:
    """Read the config again and apply it, restarting what has to be."""
    refuse_at_the_end(system)
    old = system.config
    before = frozenset(old.policy.programs)
    if params.names:
        async with system.reloading:
            read = await _usable_config(system)
            named = _either(system, read, params.names)
            await _take_over(system, read, named)
        adjusted = compare(old, system.config).adjusted
        applied = [f"changed: {name}" for name in adjusted if name in named]
    else:
        report = await reload_all(system)
        if not report.ok:
            raise _unusable(system, report.words, report.errors)
        named = (*before, *system.wanted.policy.programs)
        applied = [*report.applied]
    after = system.config.policy.programs
    target = " ".join(params.names) or "config"
    await record(system, call, "update", target, params.reason)
    waits = sorted(waiting(system).intersection(named))
    work = _Work(
        added=tuple(sorted(after.keys() - before)),
        restarts=tuple(name for name in waits if name in system.wanted.launches),
        removals=tuple(name for name in waits if name not in system.wanted.launches),
        dropped=tuple(sorted(before - after.keys())),
    )
    known = {*work.added, *work.restarts, *work.removals, *work.dropped}
    return _begin(system, call, replace(work, applied=_applied(applied, known)))


def _applied(words: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Return by name what a reload did, but for what is told of otherwise."""
    parted = (one.partition(": ") for one in words)
    return {
        name or what: _APPLIED.get(what, f"applied: {what}") if name else "applied"
        for what, _, name in parted
        if name not in known
    }


async def add(system: System, call: Call, params: methods.Names) -> Started:
    """Put programs into force that the config has got; start them if they should."""
    refuse_at_the_end(system)
    async with system.reloading:
        read = await _usable_config(system)
        named = meant(read.policy.programs, params.names)
        in_force = system.config.policy.programs
        added = tuple(name for name in named if name not in in_force)
        if not added:
            words = f"in force already: {', '.join(named)}"
            hint = f"changed settings: selfhealctl update {' '.join(params.names)}"
            raise Refusal(Kind.REFUSED, words, hint)
        await _take_over(system, read, added)
    await record(system, call, "add", " ".join(added), params.reason)
    return _begin(system, call, _Work(added=added))


async def remove(system: System, call: Call, params: methods.Names) -> Started:
    """Take programs that are down out of what is in force; the files stay."""
    refuse_at_the_end(system)
    named = programs(system, params.names)
    services = system.loop.host.services
    watches = tuple(n for n in named if services[n].kind is policy.Kind.WATCH)
    up = [
        n
        for n in named
        if not isinstance(services[n].life, Stopped | Exited | Fatal)
        and n not in watches  # that nobody looks at it is no end of it
    ]
    if up:
        states = ", ".join(f"{name} is {label(services[name].life)}" for name in up)
        words = f"only what is down can be removed: {states}"
        raise Refusal(Kind.REFUSED, words, f"selfhealctl stop {' '.join(up)}")
    async with system.reloading:
        wanted = without(system.wanted, named)
        _check(merge(system.config, wanted, keep=waiting(system) - {*named}))
        back = frozenset(system.wanted.policy.programs)
        system.wanted = wanted
    await record(system, call, "remove", " ".join(named), params.reason)
    removals = tuple(name for name in named if name not in watches)
    return _begin(system, call, _Work(removals=removals, dropped=watches, back=back))


async def _usable_config(system: System) -> Config:
    read, mistakes = await read_config(system)
    if read is None:
        raise _unusable(
            system, "the config can't be used; nothing was changed", mistakes
        )
    return read


def _unusable(system: System, words: str, mistakes: Iterable[str]) -> Refusal:
    hint = f"selfhealingd --config {system.config.file} --check"
    return Refusal(Kind.REFUSED, f"{words}: {'; '.join(mistakes)}", hint)


def _either(system: System, read: Config, names: Iterable[str]) -> tuple[str, ...]:
    """The programs that are meant, of what is in force or was read."""
    return meant({**system.config.policy.programs, **read.policy.programs}, names)


async def _take_over(system: System, read: Config, names: Collection[str]) -> None:
    """Want of these programs what was read; in force at once where nothing runs."""
    wanted = pick(system.wanted, read, names)
    _check(wanted)
    system.wanted = wanted
    services = system.loop.host.services
    down = {n for n in names if n not in services or not alive(services[n].life)}
    await put_into_force(system, keep=waiting(system) - down)


def _check(config: Config) -> None:
    wrong = misfit(config.policy.programs)
    if wrong is not None:
        hint = "name all that belong together, or: selfhealctl update"
        raise Refusal(Kind.REFUSED, f"{wrong}; nothing was changed", hint)


def _begin(system: System, call: Call, work: _Work) -> Started:
    names = (*work.added, *work.restarts, *work.removals)
    started = system.operations.begin(names)

    async def carry_out() -> None:
        outcomes = await _carry_out(system, call, work, started)
        finished = Finished(operation=started.operation, outcomes=outcomes)
        call.notify("finished", finished)

    system.nursery.start_soon(carry_out)
    return started


async def _carry_out(
    system: System, call: Call, work: _Work, started: Started
) -> tuple[Outcome, ...]:
    services = system.loop.host.services
    fresh = {name: services[name].run for name in work.restarts}
    await put_into_force(system, keep=waiting(system) - {*work.restarts})
    now, by = trio.current_time(), asker(call)
    makes = [
        lambda number, name=name, ask=ask: ask(
            at=now, request=number, by=by, reason=call.method, service=name
        )
        for ask, names in ((RestartAsked, work.restarts), (StopAsked, work.removals))
        for name in names
    ]
    await system.loop.ask(*makes)
    services = system.loop.host.services
    idle = [n for n in work.added if n in services and not services[n].wanted]
    up = (name for name in (*work.added, *work.restarts) if name not in idle)
    aims = dict.fromkeys(up, Aim.UP) | dict.fromkeys(work.removals, Aim.DOWN)
    finished = await system.operations.watch(started, aims, fresh, call.notify)
    await put_into_force(system, keep=waiting(system) - {*work.removals})
    outcomes = {outcome.name: outcome for outcome in finished.outcomes}
    outcomes |= {name: _idle(name) for name in idle}
    for name in work.removals:
        outcomes[name] = _removed(outcomes[name], back=name in work.back)
    outcomes |= {n: Outcome(name=n, ok=True, words="removed") for n in work.dropped}
    for name, words in work.applied.items():
        life = services[name].life if name in services else None
        state = label(life) if life else None
        outcomes[name] = Outcome(name=name, ok=True, state=state, words=words)
    order = (
        *work.added,
        *work.restarts,
        *work.removals,
        *work.dropped,
        *work.applied,
    )
    return tuple(outcomes[name] for name in order)


def _idle(name: str) -> Outcome:
    return Outcome(
        name=name,
        ok=True,
        state="STOPPED",
        words="added; it does not start by itself",
        hint=f"selfhealctl start {name}",
    )


def _removed(outcome: Outcome, *, back: bool) -> Outcome:
    if not outcome.ok:
        return outcome
    words = "removed"
    if back:
        words += "; the config still has it, so a reload or a new daemon brings it back"
    return replace(outcome, state=None, words=words)
