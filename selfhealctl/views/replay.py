"""A replay: what was, what would have been, and what nobody knows."""

from selfhealctl.ink import Piece, Style
from selfhealctl.views.grid import Row, grid
from selfhealctl.views.screen import Column, Screen, screen, sentence
from selfhealctl.views.text import duration, moment
from selfhealingd.wire.replay import (
    ComparedDocument,
    EngineDocument,
    ReplayDocument,
    TallyDocument,
)

_SHORT = 60.0


def show_replay(found: ReplayDocument) -> None:
    """Print it: the span, whether it can be trusted, both courses, the difference."""
    console = screen()
    _span(console, found)
    _trust(console, found)
    console.show()
    if found.total_otherwise is None:
        _timeline(console, found)
    _services(console, found)
    _engine(console, found)
    if found.total_otherwise is not None:
        _parting(console, found)
    if found.unknown:
        console.show()
        console.show(Piece("what a replay can't know", Style.BOLD))
        for words in found.unknown:
            console.show(f"  {words}")


def _span(console: Screen, found: ReplayDocument) -> None:
    lives = f", {found.lives} starts of the daemon" if found.lives > 1 else ""
    span = f"{moment(found.since)} to {moment(found.until)}"
    console.show(f"{span}: {found.events} events{lives}")
    console.show(Piece(f"there are records from {moment(found.records)} on", Style.DIM))
    if found.config is not None:
        console.show(f"with {found.config}")


def _trust(console: Screen, found: ReplayDocument) -> None:
    if found.unread:
        words = f"{found.unread} records can't be read by this version: left out"
        console.show(Piece(words, Style.BUSY))
    if not found.mismatches:
        words = "decided again: all as recorded"
        console.show(Piece(words, Style.GOOD))
        return
    versions = ", ".join(found.versions)
    words = (
        f"{found.mismatches} decisions are not as recorded: unless another version"
        f" decided then ({versions}), a defect of selfhealingd; please report it"
    )
    console.show(Piece(words, Style.BAD))
    for one in found.shown:
        console.show(f"  {moment(one.at)}  recorded: {one.recorded or 'nothing'}")
        console.show(f"  {' ' * len(moment(one.at))}   decided: ", one.decided or "-")


def _timeline(console: Screen, found: ReplayDocument) -> None:
    if found.timeline_left_out:
        words = f"… {found.timeline_left_out} before …"
        console.show(Piece(words, Style.DIM))
    for one in found.timeline:
        console.show(f"{moment(one.at)}  ", sentence(one.words, one.level))
    if found.timeline:
        console.show()


def _services(console: Screen, found: ReplayDocument) -> None:
    if found.total_otherwise is None:
        _table(console, found)
    else:
        _differences(console, found)
    if found.services_left_out:
        words = f"… and {found.services_left_out} services more"
        console.show(Piece(words, Style.DIM))


def _table(console: Screen, found: ReplayDocument) -> None:
    columns = [
        Column("SERVICE"),
        *(Column(name.upper(), right=True) for name in _COUNTED),
    ]
    every = ComparedDocument(name="all", recorded=found.total)
    struck = [one for one in found.services if one.recorded and one.recorded.incidents]
    rows = [
        Row((one.name, *_numbers(one.recorded or TallyDocument()).values()))
        for one in (*struck, every)
    ]
    console.write(grid(console.width, columns, rows))
    if calm := len(found.services) - len(struck):
        console.show(Piece(f"… {calm} without an incident", Style.DIM))


def _differences(console: Screen, found: ReplayDocument) -> None:
    every = ComparedDocument(
        name="all", recorded=found.total, otherwise=found.total_otherwise
    )
    same = 0
    for one in (*found.services, every):
        if one.recorded is None or one.otherwise is None:
            continue
        ours, theirs = _numbers(one.recorded), _numbers(one.otherwise)
        apart = [key for key in ours if ours[key] != theirs[key]]
        if not apart:
            same += one is not every
            continue
        told = ", ".join(f"{key} {ours[key]} → {theirs[key]}" for key in apart)
        console.show(Piece(one.name, Style.BOLD), ": ", told)
    if same:
        services = "service: no difference" if same == 1 else "services: no difference"
        console.show(f"{same} {services}")


_COUNTED = ("starts", "incidents", "healed", "given up", "failed", "breaker", "down")


def _numbers(tally: TallyDocument) -> dict[str, str]:
    """What is counted, by the names in ``_COUNTED``; down in seconds if it is short."""
    opened = str(tally.opened + tally.permanent)
    if tally.permanent:
        opened += " for good"
    short = tally.down < _SHORT
    values = (
        str(tally.starts),
        str(tally.incidents),
        str(tally.healed),
        str(tally.given_up),
        str(tally.failed),
        opened,
        f"{tally.down:.1f}s" if short else duration(tally.down),
    )
    return dict(zip(_COUNTED, values, strict=True))


def _engine(console: Screen, found: ReplayDocument) -> None:
    ours, theirs = _asleep(found.engine), None
    if found.engine_otherwise is not None:
        theirs = _asleep(found.engine_otherwise)
    if theirs is None or theirs == ours:
        console.show(f"engine: {ours}")
    else:
        console.show(f"engine: {ours} → ", Piece(theirs, Style.BUSY))


def _asleep(engine: EngineDocument) -> str:
    words = "its breaker never opened"
    if engine.opened:
        words = f"its breaker opened {engine.opened} time{'s' * (engine.opened > 1)}"
    if engine.dormant or engine.dormant_secs:
        words += f", dormant for {duration(engine.dormant_secs)}"
    return words


def _parting(console: Screen, found: ReplayDocument) -> None:
    console.show()
    parting = found.parting
    if parting is None:
        console.show("the other config would have made no difference")
        return
    of = f", {parting.service}" if parting.service else ""
    console.show(Piece(f"they part at {moment(parting.at)}{of}", Style.BOLD))
    console.show(f"  recorded:  {parting.recorded or 'nothing more'}")
    console.show(f"  otherwise: {parting.otherwise or 'nothing more'}")
