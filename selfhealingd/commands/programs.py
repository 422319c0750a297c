"""Methods that start, stop, restart and signal programs."""

from collections.abc import Iterable, Mapping

import trio
from msgspec import Struct
from msgspec.structs import replace

from selfhealingd.commands.common import asker, programs
from selfhealingd.control.registry import Call, Refusal
from selfhealingd.core.breaker import By
from selfhealingd.core.effects import Answer
from selfhealingd.core.events import (
    RestartAsked,
    SignalAsked,
    StartAsked,
    StopAsked,
)
from selfhealingd.core.graph import Graph
from selfhealingd.core.life import Running, Starting, label
from selfhealingd.core.signals import signal_number
from selfhealingd.core.undertaking import Undertaking, Verb
from selfhealingd.operations import Aim
from selfhealingd.reloading import take_launch
from selfhealingd.system import System
from selfhealingd.wire import methods
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.operation import Finished, Outcome, Started


class _Order(Struct, frozen=True):
    """One verb for several programs.

    ``waves``: the programs in the order in which to go about them, each wave at once.
    ``fresh``: a program that must come up in a new run, and its latest run so far.
    ``careful``: a wave in which one fails is the last. ``verb`` and ``options``: how it
    is typed, where it may have several waves.
    """

    ask: type[StartAsked | StopAsked | RestartAsked]
    aim: Aim
    waves: tuple[tuple[str, ...], ...]
    fresh: Mapping[str, int]
    careful: bool = False
    verb: Verb = Verb.STOP
    options: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """All programs that are meant."""
        return tuple(name for wave in self.waves for name in wave)

    def undertaking(self, number: int, by: By) -> Undertaking:
        """All of it, as the core is told before the first wave."""
        return Undertaking(
            number=number,
            verb=self.verb,
            options=self.options,
            names=self.names,
            left=self.names,
            by=by,
        )


async def start(system: System, call: Call, params: methods.Names) -> Started:
    """Bring programs up."""
    names = programs(system, params.names)
    _refuse_gone(system, names)
    services = system.loop.host.services
    fresh = {
        name: services[name].run
        for name in names
        if not isinstance(services[name].life, Starting | Running)
    }
    return _begin(system, call, params, _Order(StartAsked, Aim.UP, (names,), fresh))


async def stop(system: System, call: Call, params: methods.Names) -> Started:
    """Bring programs down, to stay so; what depends on others goes first."""
    waves = stop_waves(system.loop.policy.graph, programs(system, params.names))
    return _begin(system, call, params, _Order(StopAsked, Aim.DOWN, waves, {}))


async def restart(system: System, call: Call, params: methods.Restart) -> Started:
    """Bring programs up anew: all at once, or a few at a time."""
    names = programs(system, params.names)
    _refuse_gone(system, names)
    fresh = {name: system.loop.host.services[name].run for name in names}
    most = params.max_unavailable if params.max_unavailable > 0 else len(names)
    waves = tuple(names[i : i + most] for i in range(0, len(names), most))
    careful = params.max_unavailable > 0
    options = f"--rolling --max-unavailable {most}" if most > 1 else "--rolling"
    order = _Order(RestartAsked, Aim.UP, waves, fresh, careful, Verb.RESTART, options)
    return _begin(system, call, params, order)


def _refuse_gone(system: System, names: Iterable[str]) -> None:
    """Refuse what would end a program for good, as nothing tells what to start."""
    launches = system.config.launches
    gone = [name for name in names if name in launches and not launches[name].argv]
    if gone:
        words = f"gone from the config, so it can't be started: {', '.join(gone)}"
        raise Refusal(Kind.REFUSED, words, f"selfhealctl stop {gone[0]}")


async def signal(system: System, call: Call, params: methods.Signal) -> list[Outcome]:
    """Send a signal to each program's own process."""
    number = signal_number(params.signal)
    if number is None:
        words = f"no such signal: {params.signal!r}"
        raise Refusal(Kind.BAD_REQUEST, words, "selfhealctl signal HUP NAME")
    names = programs(system, params.names)
    now, by = trio.current_time(), asker(call)
    makes = [
        lambda request, name=name: SignalAsked(
            at=now, request=request, by=by, service=name, signal=number
        )
        for name in names
    ]
    answers = await system.loop.ask(*makes)
    return [
        _outcome(system, name, answer)
        for name, answer in zip(names, answers, strict=True)
    ]


def _begin(system: System, call: Call, params: methods.Names, order: _Order) -> Started:
    started = system.operations.begin(order.names, rounds=len(order.waves))

    async def carry_out() -> None:
        outcomes: dict[str, Outcome] = {}
        undertaking = order.undertaking(started.operation, asker(call))
        in_turns = len(order.waves) > 1
        if in_turns:
            await system.operations.take_in(undertaking)
        left: tuple[str, ...] = order.names
        for wave in order.waves:
            mine = tuple(name for name in wave if name in left)
            outcomes |= {name: _overtaken(system, name) for name in wave}
            outcomes |= await _go(system, call, params.reason, order, mine, started)
            failed = [name for name in mine if not outcomes[name].ok]
            if failed and order.careful:
                words = f"left as it was: {failed[0]} did not come up"
                rest = (name for name in order.names if name not in outcomes)
                outcomes |= {n: Outcome(name=n, ok=False, words=words) for n in rest}
                break
            left = system.operations.left(started.operation)
        if in_turns:
            await system.operations.take_in(replace(undertaking, left=()))
        in_order = tuple(outcomes[name] for name in order.names)
        finished = Finished(operation=started.operation, outcomes=in_order)
        call.notify("finished", finished)

    system.nursery.start_soon(carry_out)
    return started


async def _go(
    system: System,
    call: Call,
    reason: str | None,
    order: _Order,
    wave: tuple[str, ...],
    started: Started,
) -> dict[str, Outcome]:
    for name in wave:
        if name in order.fresh:
            await take_launch(system, name)
    now, by = trio.current_time(), asker(call)
    makes = [
        lambda number, name=name: order.ask(
            at=now, request=number, by=by, reason=reason, service=name
        )
        for name in wave
    ]
    answers = await system.loop.ask(*makes)
    outcomes = {
        name: _outcome(system, name, answer)
        for name, answer in zip(wave, answers, strict=True)
    }
    aims = {name: order.aim for name in wave if outcomes[name].ok}
    watched = await system.operations.watch(started, aims, order.fresh, call.notify)
    return outcomes | {outcome.name: outcome for outcome in watched.outcomes}


def stop_waves(graph: Graph, names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Split names so that each wave needs nothing but what is in later ones."""
    left = list(names)
    waves = []
    while left:
        needed = {need for name in left for need in graph.get(name, {})}
        wave = tuple(name for name in left if name not in needed)
        waves.append(wave)
        left = [name for name in left if name in needed]
    return tuple(waves)


def _overtaken(system: System, name: str) -> Outcome:
    s = system.loop.host.services.get(name)
    return Outcome(
        name=name,
        ok=False,
        state=None if s is None else label(s.life),
        words="left as it is: somebody asked for something else meanwhile",
        hint="selfhealctl events",
    )


def _outcome(system: System, name: str, answer: Answer) -> Outcome:
    s = system.loop.host.services.get(name)
    return Outcome(
        name=name,
        ok=answer.done,
        state=None if s is None else label(s.life),
        words=answer.words,
        hint=answer.hint,
    )
