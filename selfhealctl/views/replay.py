"""A replay: what was, what would have been, and what nobody knows."""

from rich.console import Console
from rich.text import Text

from selfhealctl.views.screen import (
    BAD,
    BUSY,
    GOOD,
    QUIET,
    Column,
    line,
    screen,
    table,
)
from selfhealctl.views.text import clean, duration, moment
from selfhealingd.wire.replay import (
    ComparedDocument,
    EngineDocument,
    ReplayDocument,
    TallyDocument,
)

_SHORT = 60.0
_STYLES = {"warning": BUSY, "error": BAD, "debug": QUIET}


def show_replay(found: ReplayDocument) -> None:
    """Print it: the span, whether it can be trusted, both courses, the difference."""
    console = screen()
    _span(console, found)
    _trust(console, found)
    line(console)
    if found.total_otherwise is None:
        _timeline(console, found)
    _services(console, found)
    _engine(console, found)
    if found.total_otherwise is not None:
        _parting(console, found)
    if found.unknown:
        line(console)
        line(console, Text("what a replay can't know", "bold"))
        for words in found.unknown:
            line(console, f"  {words}")


def _span(console: Console, found: ReplayDocument) -> None:
    lives = f", {found.lives} starts of the daemon" if found.lives > 1 else ""
    span = f"{moment(found.since)} to {moment(found.until)}"
    line(console, f"{span}: {found.events} events{lives}")
    line(console, Text(f"there are records from {moment(found.records)} on", QUIET))
    if found.config is not None:
        line(console, f"with {found.config}")


def _trust(console: Console, found: ReplayDocument) -> None:
    if found.unread:
        words = f"{found.unread} records can't be read by this version: left out"
        line(console, Text(words, BUSY))
    if not found.mismatches:
        words = "decided again: all as recorded"
        line(console, Text(words, GOOD))
        return
    versions = ", ".join(found.versions)
    words = (
        f"{found.mismatches} decisions are not as recorded: unless another version"
        f" decided then ({versions}), a defect of selfhealingd; please report it"
    )
    line(console, Text(clean(words), BAD))
    for one in found.shown:
        line(console, f"  {moment(one.at)}  recorded: {one.recorded or 'nothing'}")
        line(console, f"  {' ' * len(moment(one.at))}   decided: ", one.decided or "-")


def _timeline(console: Console, found: ReplayDocument) -> None:
    if found.timeline_left_out:
        words = f"… {found.timeline_left_out} before …"
        line(console, Text(words, QUIET))
    for one in found.timeline:
        said = Text(clean(one.words), _STYLES.get(one.level, ""))
        line(console, f"{moment(one.at)}  ", said)
    if found.timeline:
        line(console)


def _services(console: Console, found: ReplayDocument) -> None:
    if found.total_otherwise is None:
        _table(console, found)
    else:
        _differences(console, found)
    if found.services_left_out:
        words = f"… and {found.services_left_out} services more"
        line(console, Text(words, QUIET))


def _table(console: Console, found: ReplayDocument) -> None:
    columns = [
        Column("SERVICE", wraps=True),
        *(Column(name.upper(), right=True) for name in _COUNTED),
    ]
    every = ComparedDocument(name="all", recorded=found.total)
    rows = [
        (one.name, *_numbers(one.recorded or TallyDocument()).values())
        for one in (*found.services, every)
    ]
    table(console, columns, rows)


def _differences(console: Console, found: ReplayDocument) -> None:
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
        line(console, Text(clean(one.name), "bold"), ": ", told)
    if same:
        services = "service: no difference" if same == 1 else "services: no difference"
        line(console, f"{same} {services}")


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


def _engine(console: Console, found: ReplayDocument) -> None:
    ours, theirs = _asleep(found.engine), None
    if found.engine_otherwise is not None:
        theirs = _asleep(found.engine_otherwise)
    if theirs is None or theirs == ours:
        line(console, f"engine: {ours}")
    else:
        line(console, f"engine: {ours} → ", Text(theirs, BUSY))


def _asleep(engine: EngineDocument) -> str:
    words = "its breaker never opened"
    if engine.opened:
        words = f"its breaker opened {engine.opened} time{'s' * (engine.opened > 1)}"
    if engine.dormant or engine.dormant_secs:
        words += f", dormant for {duration(engine.dormant_secs)}"
    return words


def _parting(console: Console, found: ReplayDocument) -> None:
    line(console)
    parting = found.parting
    if parting is None:
        line(console, "the other config would have made no difference")
        return
    of = f", {parting.service}" if parting.service else ""
    line(console, Text(f"they part at {moment(parting.at)}{clean(of)}", "bold"))
    line(console, f"  recorded:  {parting.recorded or 'nothing more'}")
    line(console, f"  otherwise: {parting.otherwise or 'nothing more'}")
