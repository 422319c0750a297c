"""What is foreseen of one service, what will be done about it, and what holds it back.

For whoever asks why; what is due is decided in ``foresight``, by the same settings.
"""

from collections.abc import Iterable, Iterator
from datetime import time

import msgspec

from selfhealingd.core import quiet
from selfhealingd.core.foreseen import Seen, sentence
from selfhealingd.core.foresight import ACT_SECS
from selfhealingd.core.hindrances import Hindrance
from selfhealingd.core.host import Host
from selfhealingd.core.policy import Preventive, Program
from selfhealingd.core.spans import span


class Prospect(msgspec.Struct, frozen=True):
    """``words``: what is foreseen; ``next`` None: nothing is done before it."""

    words: tuple[str, ...] = ()
    next: str | None = None
    hindrances: tuple[Hindrance, ...] = ()


def prospect(
    host: Host, program: Program, seen: Iterable[Seen], local: time
) -> Prospect:
    """Say what is foreseen of a service. ``local``: the local time of day."""
    told = [one for one in seen if one.told]
    if not told:
        return Prospect()
    hindrances = tuple(_hindrances(host, program, local))
    return Prospect(
        words=tuple(map(sentence, told)),
        next=_next(program, told) if _acts(host, program) else None,
        hindrances=hindrances,
    )


def _acts(host: Host, program: Program) -> bool:
    acts = program.healing.preventive is Preventive.ACT
    return acts and host.flags.preventive_healing


def _next(program: Program, told: Iterable[Seen]) -> str | None:
    windows = program.healing.quiet
    if windows:
        return f"restart in its quiet hours, {_words(windows)}"
    lefts = [one.found.left for one in told if one.found is not None]
    if not lefts:
        return None
    wait = min(lefts) - ACT_SECS
    if wait <= 0:
        return "restart before it is there"
    return f"restart in {span(wait)}, {span(ACT_SECS)} before it is there"


def _hindrances(host: Host, program: Program, local: time) -> Iterator[Hindrance]:
    do = f"selfhealctl restart {program.name}"
    healing = program.healing
    if not host.flags.preventive_healing:
        yield Hindrance(
            "FEATURE_PREVENTIVE_HEALING_ENABLED is off: what is foreseen is only told",
            do=do,
        )
    if healing.preventive is not Preventive.ACT:
        word = healing.preventive.value
        yield Hindrance(f'preventive is "{word}": what is foreseen is only told', do=do)
    elif not quiet.permits(healing.quiet, local):
        words = f"its quiet hours are {_words(healing.quiet)}"
        yield Hindrance(f"{words}: before them nothing is prevented", do=do)


def _words(windows: quiet.Quiet) -> str:
    return " and ".join(map(str, windows))
