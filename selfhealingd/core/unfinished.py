"""Undertakings, and those that an earlier daemon did not finish.

The shell goes about them and tells here what is left. What an operator asks of a
program by itself settles that program: the last word counts. What is left when another
daemon begins is told until it is settled, and not gone on with: nobody waits for it any
more, and somebody may have ended the daemon to stop it.
"""

from collections.abc import Collection, Iterable, Iterator

from msgspec.structs import replace

from selfhealingd.core import events
from selfhealingd.core.adoption import awaits_process
from selfhealingd.core.effects import ProblemFound, ProblemOver
from selfhealingd.core.host import Host, Service
from selfhealingd.core.life import Backoff, Stopped, Stopping
from selfhealingd.core.report import Problem
from selfhealingd.core.turn import Turn
from selfhealingd.core.undertaking import Undertaking, Verb


def undertaken(turn: Turn, event: events.Undertaken) -> None:
    """Take in what is left of one; it begins with all that it is about."""
    now = event.what
    if now.left == now.names:
        settle(turn, now.names)
    others = (one for one in turn.host.undertakings if one.number != now.number)
    _put(turn, _with_work(turn.host, (*others, now)), turn.host.unfinished)


def settle(turn: Turn, names: Collection[str] = ()) -> None:
    """Leave these programs to whoever asked for something else, and what is gone."""
    host = turn.host
    undertakings = _with_work(host, host.undertakings, names)
    _put(turn, undertakings, _with_work(host, host.unfinished, names))


def begin(turn: Turn) -> None:
    """Tell of those that the earlier daemon went about: it will not finish them."""
    host = turn.host
    cut_off = _not_done(host, host.undertakings)
    for one in cut_off:
        turn.say(ProblemFound(key=_key(one), words=_in_words(one)))
    _put(turn, (), (*_not_done(host, host.unfinished), *cut_off))


def problems(host: Host) -> Iterator[Problem]:
    """What is told in status, with how to go on."""
    for one in host.unfinished:
        names = " ".join(one.left)
        yield Problem(
            words=_in_words(one),
            do=f"go on: selfhealctl {one.command} {names}; {_leave(host, one.left)}",
        )


def _leave(host: Host, left: Iterable[str]) -> str:
    """Return what to type so that each stays up or down, as it is wanted."""
    names: dict[str, list[str]] = {}
    for name in left:
        verb = "start" if host.services[name].wanted else "stop"
        names.setdefault(verb, []).append(name)
    commands = (f"selfhealctl {verb} {' '.join(some)}" for verb, some in names.items())
    return f"or leave them as they are: {'; '.join(commands)}"


def _put(
    turn: Turn,
    undertakings: tuple[Undertaking, ...],
    unfinished: tuple[Undertaking, ...],
) -> None:
    """Take these over, and tell what is over; where nothing changed, keep the host."""
    host = turn.host
    left = {_key(one) for one in unfinished}
    for one in host.unfinished:
        if _key(one) not in left:
            turn.say(ProblemOver(key=_key(one), words=_what(one)))
    if (undertakings, unfinished) != (host.undertakings, host.unfinished):
        turn.host = replace(host, undertakings=undertakings, unfinished=unfinished)


def _with_work(
    host: Host, known: Iterable[Undertaking], settled: Collection[str] = ()
) -> tuple[Undertaking, ...]:
    found = (
        replace(
            one,
            left=tuple(n for n in one.left if n in host.services and n not in settled),
        )
        for one in known
    )
    return tuple(one for one in found if one.left)


def _not_done(host: Host, known: Iterable[Undertaking]) -> tuple[Undertaking, ...]:
    """Return what is left that the start of this daemon does not do."""
    left = (
        replace(
            one, left=tuple(name for name in one.left if not _done(one, host, name))
        )
        for one in known
    )
    return _with_work(host, left)


def _done(one: Undertaking, host: Host, name: str) -> bool:
    """Whether the start of this daemon does it, or it is so already."""
    s: Service | None = host.services.get(name)
    if s is None:
        return True
    match one.verb:
        case Verb.RESTART:
            coming = isinstance(s.life, Stopped | Stopping | Backoff)
            return s.wanted and (coming or awaits_process(s.life))
        case Verb.STOP:
            return not s.wanted
        case Verb.RUN:
            return False


def _key(one: Undertaking) -> str:
    return f"unfinished {one.verb.value} {one.number} of {one.by}"


def _what(one: Undertaking) -> str:
    return f'an earlier daemon did not finish "{one.command}" (asked for by {one.by})'


def _in_words(one: Undertaking) -> str:
    begun = ", ".join(name for name in one.names if name not in one.left)
    done = f"begun or done: {begun}; " if begun else ""
    return f"{_what(one)}: {done}still to do: {', '.join(one.left)}"
