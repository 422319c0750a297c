"""The lists of remedies and of quiet hours, and what a ladder relies on elsewhere."""

from collections.abc import Callable, Collection
from typing import TypeVar

from selfhealingd.config.mistakes import Spot, likely, show
from selfhealingd.config.table import Reader, Wrong, read_value
from selfhealingd.config.values import strings
from selfhealingd.core import diagnosis, quiet, remedy
from selfhealingd.core.diagnosis import Action
from selfhealingd.core.remedy import Ladder, Reload, Run

T = TypeVar("T")


def read_ladder(raw: object, spot: Spot) -> Ladder:
    """Read remedies, cheapest first; raises Wrong after noting what is wrong."""
    return _each(raw, spot, _remedy)


def read_quiet(raw: object, spot: Spot) -> quiet.Quiet:
    """Read windows of local time; raises Wrong after noting what is wrong."""
    return _each(raw, spot, _window)


def read_actions(raw: object, spot: Spot) -> tuple[Action, ...]:
    """Read what a model may do; raises Wrong after noting what is wrong."""
    words = read_value(Reader(strings), raw, spot)
    found = [_action(one, spot) for one in words]
    if None in found:
        raise Wrong
    return tuple(dict.fromkeys(one for one in found if one is not None))


def check_actions(
    actions: tuple[Action, ...], spot: Spot, runbooks: Collection[str]
) -> None:
    """Note runbooks that a model may run, and that there are not."""
    check_ladder(
        tuple(one for one in actions if isinstance(one, Run)),
        spot,
        runbooks=runbooks,
        reloads=None,
    )


def check_ladder(
    ladder: Ladder,
    spot: Spot,
    *,
    runbooks: Collection[str] | None,
    reloads: bool | None,
) -> None:
    """Note remedies that could not be carried out.

    ``runbooks`` are those that there are, ``reloads`` is whether the service can be
    told to reload; None: not to be judged here.
    """
    for one in ladder:
        match one:
            case Run(runbook=name) if runbooks is not None and name not in runbooks:
                hint = likely(name, runbooks) or f"write a table [runbook.{name}]"
                spot.wrong(f'"run {name}": there is no runbook {show(name)}', hint)
            case Reload() if reloads is False:
                spot.wrong(
                    '"reload": it is not said how this is reloaded',
                    'write reload = "HUP" (a signal or a command) beside its command',
                )
            case _:
                pass


def _each(
    raw: object, spot: Spot, parse: Callable[[str, Spot], T | None]
) -> tuple[T, ...]:
    words = read_value(Reader(strings), raw, spot)
    found = [parse(one, spot) for one in words]
    whole = tuple(one for one in found if one is not None)
    if not whole or len(whole) < len(found):
        if not found:
            spot.wrong("it is empty", "name one, or leave the key out")
        raise Wrong
    return whole


def _remedy(words: str, spot: Spot) -> remedy.Remedy | None:
    try:
        return remedy.parse(words)
    except remedy.BadRemedy as error:
        spot.wrong(f"{show(words)}: {error}", likely(words, remedy.PLAIN))
        return None


def _action(words: str, spot: Spot) -> Action | None:
    runbook = words.removeprefix("run ")
    try:
        return diagnosis.parse(words, frozenset({runbook} if runbook else ()))
    except diagnosis.BadAction:
        known = (*diagnosis.PLAIN, "run RUNBOOK")
        said = f"{show(words)}: a model may be allowed {', '.join(known)}"
        spot.wrong(said, likely(words, diagnosis.PLAIN))
        return None


def _window(words: str, spot: Spot) -> quiet.Window | None:
    try:
        return quiet.parse(words)
    except quiet.BadWindow as error:
        spot.wrong(f"{show(words)}: {error}")
        return None
