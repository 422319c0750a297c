"""One incident as a person reads it at night: the story, then what was kept."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from selfhealctl.advice import pasteable
from selfhealctl.ink import Piece, Style
from selfhealctl.views.screen import Column, Screen, outcome, screen, sentence, table
from selfhealctl.views.text import QUOTED, duration, moment, size
from selfhealingd.wire.diagnosis import ReportDocument
from selfhealingd.wire.documents import IncidentDocument
from selfhealingd.wire.evidence import (
    EvidenceDocument,
    InquestDocument,
    MomentDocument,
    SamplesDocument,
)

FRAMES = 15
"""Of a Python program that hangs: where it does is at the top."""

_MIB = 1024 * 1024
_UNKNOWN = "unknown"
_ADVICE = {
    "no_action": "leave it to what is done anyway",
    "hold": "mend the cause first: a restart does not help",
    "delay_restart": "wait before it is started again: what it needs is not there",
    "restart_once": "a restart helps for now; the cause remains",
}


def show_inquest(
    found: InquestDocument, kept: EvidenceDocument | None, *, withheld: bool
) -> None:
    """Print what happened, what was tried, and what to type.

    ``withheld``: there is evidence, but not for this user.
    """
    console = screen()
    _head(console, found.incident)
    console.show()
    _timeline(console, found)
    if kept is not None:
        _most_telling(console, kept)
    elif found.evidence is not None and found.evidence.oom:
        _named(console, "memory", found.evidence.oom)
    _list(console, "note", found.notes)
    if withheld:
        console.show(Piece("what it said last is shown to operators alone", Style.DIM))
    if found.diagnosis is not None:
        _probably(console, found.diagnosis)
    if found.next:
        _named(console, "next", pasteable(found.next))
    _list(console, "do", map(pasteable, found.do))


def _head(console: Screen, incident: IncidentDocument) -> None:
    ending = outcome(incident.outcome)
    console.show(f"{incident.id}  ", ending, f"  {_lasted(incident)}")
    _named(console, "what", f"{incident.cause}: {incident.detail}")
    _named(console, "since", moment(incident.opened))
    tried = [
        f"{one.remedy}{' (the model)' if one.advised else ''}:"
        f" {one.result or 'under way'}"
        for one in incident.attempts
    ]
    if tried:
        _named(console, "tried", "; ".join(tried[-5:]))
    if incident.log:
        _named(console, "log", incident.log)


def _lasted(incident: IncidentDocument) -> str:
    end = incident.ended
    try:
        began = datetime.fromisoformat(incident.opened)
        over = datetime.fromisoformat(end) if end else datetime.now(began.tzinfo)
        seconds = (over - began).total_seconds()
    except (ValueError, TypeError):
        return ""
    return f"after {duration(seconds)}" if end else f"for {duration(seconds)}"


def _timeline(console: Screen, found: InquestDocument) -> None:
    rows = list(found.timeline)
    middle = len(rows) // 2 if found.left_out else len(rows)
    _moments(console, rows[:middle])
    if found.left_out:
        console.show(Piece(f"          … {found.left_out} more …", Style.DIM))
        _moments(console, rows[middle:])


def _moments(console: Screen, moments: Iterable[MomentDocument]) -> None:
    for one in moments:
        console.show(f"{_clock(one.at)}  ", sentence(one.words, one.level))


def _clock(stamp: str) -> str:
    return moment(stamp).partition(" ")[2] or stamp


def _most_telling(console: Screen, kept: EvidenceDocument) -> None:
    if kept.telling:
        console.show()
        console.show(Piece("said", Style.BOLD))
        for said in kept.telling:
            console.show(f"  {QUOTED}{said}")
    console.show()
    if kept.end:
        _named(console, "end", kept.end)
    for name, words in (("memory", kept.oom), ("core", kept.core)):
        if words:
            _named(console, name, words)
    _list(console, "kernel", kept.kernel[-3:])
    waits = kept.process.get("wchan")
    if kept.alive and waits:
        how = kept.process.get("State", "")
        _named(console, "waits", f"in the kernel's {waits}, state {how}")
    if kept.files is not None and kept.files.limit:
        share = kept.files.open / kept.files.limit
        if share >= 0.5:  # noqa: PLR2004 - less than half is of no interest here
            words = f"{kept.files.open} of {kept.files.limit} are open"
            if kept.files.most:
                most = kept.files.most[0]
                words += f", {most.count} of them {most.what}"
            _named(console, "files", words)
    _list(console, "changed", kept.changed)
    _list(console, "python", kept.python_stack[:FRAMES])


def _probably(console: Screen, found: ReportDocument) -> None:
    console.show()
    sure = f"{found.confidence:.0%} sure, " if found.cause != _UNKNOWN else ""
    by = Piece(f"  {sure}by {found.by}", Style.DIM)
    console.show(Piece("probably", Style.BOLD), f" {found.cause}", by)
    console.show(f"  {found.summary}")
    for one in found.cited:
        where = Piece(f"  {one.number:>4} {one.part}: ", Style.DIM)
        console.show(where, QUOTED + one.words)
    _named(console, "advice", _ADVICE.get(found.action, found.action))
    _list(console, "look", map(pasteable, found.next_commands))
    console.show()


def show_evidence(kept: EvidenceDocument) -> None:
    """Print all of it, part by part; what could not be had comes last."""
    console = screen()
    console.show(Piece(kept.incident, Style.BOLD), f"  taken {moment(kept.taken)}")
    ended = kept.end or ("its process was running" if kept.alive else "")
    for name, words in (
        ("run", f"{kept.run}, pid {kept.pid}" if kept.pid else str(kept.run)),
        ("end", ended),
        ("memory", kept.oom),
        ("core", kept.core),
    ):
        if words:
            _named(console, name, words)
    for said in kept.output:
        before = " (more before it)" if said.cut else ""
        _block(console, f"last lines of {said.path}{before}", said.lines)
    _block(console, "changed", kept.changed)
    _block(console, "kernel's log", kept.kernel)
    _pairs(console, "process", kept.process)
    _block(console, "Python stack", kept.python_stack)
    _block(console, "kernel stack", kept.kernel_stack)
    _tree(console, kept)
    _files(console, kept)
    _samples(console, kept.samples)
    _pairs(console, "limits", kept.limits)
    _pairs(console, "host", kept.host)
    _pairs(console, "not to be had", kept.missing)


def _tree(console: Screen, kept: EvidenceDocument) -> None:
    if not kept.tree:
        return
    _title(console, "processes")
    columns = (
        Column("PID", right=True),
        Column("PARENT", right=True),
        Column("STATE"),
        Column("MEMORY", right=True),
        Column("THREADS", right=True),
        Column("WAITS IN", wraps=True),
        Column("COMMAND", wraps=True),
    )
    rows = [
        (
            str(one.pid),
            str(one.parent),
            one.state,
            "" if one.memory is None else f"{one.memory / _MIB:.1f} MiB",
            str(one.threads),
            one.wchan or "",
            one.command or one.name,
        )
        for one in kept.tree
    ]
    table(console, columns, rows)


def _files(console: Screen, kept: EvidenceDocument) -> None:
    if kept.files is None:
        return
    limit = "" if kept.files.limit is None else f" of {kept.files.limit}"
    some = kept.files.looked_at
    looked = "" if some is None else f", {some} of them looked at"
    _title(console, f"open files: {kept.files.open}{limit}{looked}")
    columns = (Column("COUNT", right=True), Column("WHAT", wraps=True))
    table(console, columns, [(str(one.count), one.what) for one in kept.files.most])


def _samples(console: Screen, samples: SamplesDocument | None) -> None:
    if samples is None:
        return
    _title(console, "samples")
    columns = [Column(name.upper(), right=True) for name in samples.columns]
    rows = [["" if v is None else _measured(v) for v in row] for row in samples.rows]
    table(console, columns, rows)


def _measured(value: float) -> str:
    """Nothing else that is measured of a process is as large as its bytes."""
    return size(value) if value >= _MIB else f"{value:g}"


def _title(console: Screen, title: str) -> None:
    console.show()
    console.show(Piece(title, Style.BOLD))


def _block(console: Screen, title: str, lines: Iterable[str]) -> None:
    shown = tuple(lines)
    if shown:
        _title(console, title)
        for one in shown:
            console.show(f"  {one}")


def _pairs(console: Screen, title: str, pairs: Mapping[str, str]) -> None:
    _block(console, title, (f"{name}: {value}" for name, value in pairs.items()))


def _list(console: Screen, name: str, lines: Iterable[str]) -> None:
    for place, words in enumerate(lines):
        _named(console, "" if place else name, words)


def _named(console: Screen, name: str, words: str) -> None:
    console.show(Piece(f"{name:<8}", Style.DIM), f" {words}")
