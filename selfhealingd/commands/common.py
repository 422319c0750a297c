"""What several methods have in common: who asks, which names are meant."""

import difflib
from collections.abc import Iterable, Mapping

import trio

from selfhealingd.control.registry import Call, Refusal
from selfhealingd.core.breaker import By
from selfhealingd.core.effects import Answer
from selfhealingd.core.events import Acted
from selfhealingd.core.policy import Program
from selfhealingd.system import System
from selfhealingd.wire import names
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.names import ALL
from selfhealingd.wire.operation import Done

_LONGEST_NAME = 100


def asker(call: Call) -> By:
    """Who asks, as the kernel told; or by which way they came."""
    return By(uid=call.peer.uid, pid=call.peer.pid, via=call.via)


def done(answer: Answer) -> Done:
    """The loop's answer as a result; raises Refusal where it is a refusal."""
    if not answer.done:
        raise Refusal(Kind.REFUSED, answer.words, answer.hint)
    return Done(words=answer.words, hint=answer.hint)


async def record(
    system: System, call: Call, action: str, target: str, reason: str | None = None
) -> None:
    """Journal what an operator did that the loop doesn't decide."""
    by = asker(call)
    await system.loop.ask(
        lambda number: Acted(
            at=trio.current_time(),
            request=number,
            by=by,
            reason=reason,
            action=action,
            target=target,
        )
    )


def refuse_while_upgrading(system: System) -> None:
    """Refuse what this daemon would begin and not see the end of."""
    if system.succession.asked.is_set():
        words = "the daemon is being upgraded: ask again in a moment"
        raise Refusal(Kind.REFUSED, words)


def refuse_at_the_end(system: System) -> None:
    """Refuse what makes no sense while the daemon is ending."""
    refuse_while_upgrading(system)
    if system.loop.host.shutting_down:
        raise Refusal(Kind.REFUSED, "the daemon is shutting down")


def need_reason(reason: str, example: str) -> str:
    """The reason without blanks around it; raises Refusal where there is none."""
    if not reason.strip():
        raise Refusal(Kind.BAD_REQUEST, "a reason is required", example)
    return reason.strip()


def programs(system: System, asked: Iterable[str]) -> tuple[str, ...]:
    """The programs in force that are meant: see ``meant``."""
    return meant(system.loop.policy.programs, asked)


def meant(of: Mapping[str, Program], asked: Iterable[str]) -> tuple[str, ...]:
    """The programs that are meant, each once; refuses all if one is unknown.

    What a word stands for is in ``wire/names.py``.
    """
    asked = tuple(asked)
    if not asked:
        words = f"name a service, a group as NAME:*, or: {ALL}"
        raise Refusal(Kind.BAD_REQUEST, words, "selfhealctl status")
    known = {name: program.groups for name, program in of.items()}
    found: dict[str, None] = {}
    for name in asked:
        its_own = names.named_by(name, known)
        if not its_own:
            words = names.no_such("service", name, known)
            raise Refusal(Kind.NO_SUCH_NAME, words, "selfhealctl status")
        found |= dict.fromkeys(its_own)
    return tuple(found)


def one(system: System, word: str, verb: str) -> str:
    """The only program that is meant; refuses what stands for several.

    ``verb``: the command, which is said as it would be typed for the first of them.
    """
    name, *more = programs(system, (word,))
    if more:
        words = f"{word} is several services: {verb} one of them"
        raise Refusal(Kind.BAD_REQUEST, words, f"selfhealctl {verb} {name}")
    return name


def no_such(kind: str, name: str, known: Iterable[str], see: str) -> Refusal:
    """The refusal of a name, with the likely right one."""
    name = name[:_LONGEST_NAME]
    close = difflib.get_close_matches(name, known, n=1)
    likely = f"; did you mean {close[0]}?" if close else ""
    return Refusal(Kind.NO_SUCH_NAME, f"there is no {kind} {name!r}{likely}", see)
