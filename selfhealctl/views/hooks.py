"""Hooks, for a person."""

from collections.abc import Sequence

from selfhealctl.ink import Piece, Style
from selfhealctl.views.screen import Column, screen, table
from selfhealctl.views.text import moment
from selfhealingd.wire.documents import HookDocument


def show_hooks(hooks: Sequence[HookDocument]) -> None:
    """Print every hook, whom it tells of what, and how it fares."""
    console = screen()
    if not hooks:
        console.show("nobody is told of what happens: hooks are written as [on.EVENT]")
        return
    columns = (
        Column("HOOK", wraps=True),
        Column("TELLS", wraps=True),
        Column("OF", wraps=True),
        Column("HOW IT GOES", wraps=True),
    )
    table(console, columns, [(one.name, one.to, _of(one), _now(one)) for one in hooks])
    console.show(f"try one: selfhealctl hooks test {_quoted(hooks[0].name)}")


def _of(one: HookDocument) -> str:
    parts = [one.kind or "anything"]
    if one.level != "debug":
        parts.append(f"from {one.level} on")
    if one.services is not None:
        parts.append(f"of {', '.join(one.services)}")
    return ", ".join(parts)


def _now(one: HookDocument) -> Piece:
    lost = f"; {one.lost} events lost" if one.lost else ""
    if one.problem is not None:
        row = f"{one.row} times in a row" if one.row > 1 else "once"
        return Piece(f"failed {row}: {one.problem}{lost}", Style.BAD)
    if one.last is not None:
        times = "once" if one.told == 1 else f"{one.told} times"
        words = f"told {times}, last {moment(one.last)}"
        return Piece(words + lost, Style.BAD if lost else Style.GOOD)
    return Piece("there was nothing to tell yet")


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name
