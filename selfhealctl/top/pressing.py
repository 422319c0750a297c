"""What keys do: a model in, a model and perhaps a deed out."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias, assert_never

from selfhealctl.top import keys
from selfhealctl.top.model import (
    Browsing,
    Confirming,
    Deed,
    Explain,
    Filtering,
    Inspect,
    Model,
    Operate,
    Quit,
    Reading,
    Reasoning,
    Tail,
)

HELP = (
    ("j k ↓ ↑", "select; Page Up and Down, g and G for the ends"),
    ("/", "show only what has these words in name, group or state; Esc ends it"),
    ("s", "sort by what is worst, CPU, memory, age, name"),
    ("e, Enter", "explain: why it is as it is, and what comes next"),
    ("i", "its open incident, or its latest"),
    ("l", "follow its log; Ctrl-C comes back"),
    ("r t S", "restart, stop, start it; asks first"),
    ("R", "resume from dormant mode; asks for a reason"),
    ("p", "pause: let the screen stand still"),
    ("?", "this help"),
    ("q", "quit"),
)

Pressed: TypeAlias = tuple[Model, Deed | None]

_VERBS = {"r": "restart", "t": "stop", "S": "start"}


def press(model: Model, key: str, *, height: int) -> Pressed:
    """Return what a key leads to. ``height``: rows of services or text on the screen.

    A deed is left to the caller.
    """
    match model.mode:
        case Browsing():
            return _browse(model, key, height)
        case Filtering(before):
            return _filter(model, before, key, height), None
        case Confirming(_, deed):
            browsing = replace(model, mode=Browsing())
            if key in ("y", "Y"):
                return browsing, deed
            return browsing.told("nothing was done", secs=3.0), None
        case Reasoning() as reasoning:
            return _reason(model, reasoning, key)
        case Reading() as reading:
            return _read(model, reading, key, height), None
        case _:
            assert_never(model.mode)


def _browse(model: Model, key: str, height: int) -> Pressed:
    if key in _MOVES:
        place = _MOVES[key](model.place, max(1, height), len(model.services))
        return model.moved(place, height), None
    match key:
        case "q":
            return model, Quit()
        case "/":
            return replace(model, mode=Filtering(model.words)), None
        case keys.ESCAPE:
            return model.sought("").settled(height), None
        case "s":
            return model.sorted_by(model.sort.following()).settled(height), None
        case "p" | " ":
            frozen = None if model.paused else model.now
            return replace(model, frozen=frozen), None
        case "?" | "h":
            text = tuple(f"{name:<10} {words}" for name, words in HELP)
            return replace(model, mode=Reading("Keys", text)), None
        case "R":
            return _resume(model)
    return _of_service(model, key)


_MOVES: Mapping[str, Callable[[int, int, int], int]] = {
    **dict.fromkeys((keys.DOWN, "j"), lambda at, _height, _all: at + 1),
    **dict.fromkeys((keys.UP, "k"), lambda at, _height, _all: at - 1),
    keys.PAGE_DOWN: lambda at, height, _all: at + height,
    keys.PAGE_UP: lambda at, height, _all: at - height,
    **dict.fromkeys((keys.HOME, "g"), lambda _at, _height, _all: 0),
    **dict.fromkeys((keys.END, "G"), lambda _at, _height, every: every - 1),
}


def _of_service(model: Model, key: str) -> Pressed:
    current = model.current
    if current is None:
        return model, None
    match key:
        case "e" | keys.ENTER:
            return model, Explain(current.name)
        case "i":
            return model, Inspect(current.incident or current.name)
        case "l":
            return model, Tail(current.name)
        case "r" | "t" | "S":
            verb = _VERBS[key]
            deed = Operate(verb, current.name)
            asking = Confirming(f"{verb} {current.name}?", deed)
            return replace(model, mode=asking), None
    return model, None


def _resume(model: Model) -> Pressed:
    if model.status is None or not model.status.self_healing.is_dormant:
        return model.told("it is not dormant: there is nothing to resume"), None
    asking = Reasoning("resume from dormant mode, because", "resume")
    return replace(model, mode=asking), None


def _filter(model: Model, before: str, key: str, height: int) -> Model:
    browsing = replace(model, mode=Browsing())
    match key:
        case keys.ENTER:
            return browsing
        case keys.ESCAPE:
            return browsing.sought(before).settled(height)
        case keys.BACKSPACE:
            return model.sought(model.words[:-1]).settled(height)
    typed = model.sought(_typed(model.words, key))
    return typed.settled(height)


def _reason(model: Model, reasoning: Reasoning, key: str) -> Pressed:
    browsing = replace(model, mode=Browsing())
    words = reasoning.words
    match key:
        case keys.ESCAPE:
            return browsing.told("nothing was done", secs=3.0), None
        case keys.ENTER if any(map(str.isalnum, words)):
            return browsing, Operate(reasoning.method, reason=words.strip())
        case keys.ENTER:
            return model.told("a reason is required: it is recorded", ok=False), None
        case keys.BACKSPACE:
            words = words[:-1]
        case _:
            words = _typed(words, key)
    return replace(model, mode=replace(reasoning, words=words)), None


def _typed(words: str, key: str) -> str:
    return words + key if len(key) == 1 else words


def _read(model: Model, reading: Reading, key: str, height: int) -> Model:
    if key in _MOVES:
        # Here a key moves the text, not a row in it: the end is its last screen.
        most = max(0, len(reading.text) - height)
        place = _MOVES[key](reading.top, max(1, height), most + 1)
        top = max(0, min(place, most))
        return replace(model, mode=replace(reading, top=top))
    if key in (keys.ESCAPE, keys.ENTER, "q", "?", "e", "i"):
        return replace(model, mode=Browsing())
    return model
