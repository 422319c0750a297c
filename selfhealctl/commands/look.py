"""Commands that look and change nothing. Their views load when they are needed."""

# ruff: noqa: PLC0415
from functools import partial

import msgspec
import typer

from selfhealctl import exits
from selfhealctl.advice import pasteable, use_socket
from selfhealctl.errors import NoSuchName
from selfhealctl.options import Everything, Program, SomePrograms, Watch
from selfhealctl.output import write_words
from selfhealctl.session import Choices, Session, read
from selfhealctl.watching import repeat
from selfhealingd.wire.methods import One, Some

RUNNING = "RUNNING"
CRITICAL = "critical"


class _Services(msgspec.Struct, frozen=True):
    """The two lists of a status, each program left as it was sent."""

    programs: tuple[msgspec.Raw, ...]
    watches: tuple[msgspec.Raw, ...] = ()


class _Health(msgspec.Struct, frozen=True):
    """The judgement in a status."""

    status: str
    issues: tuple[str, ...]
    recommendations: tuple[str, ...]


def status(
    session: Session,
    names: SomePrograms = None,
    everything: Everything = False,
    watch: Watch = None,
) -> None:
    """Show how everything is, worst first, or how the named programs are.

    On a terminal, what is well is counted where there is no room for it.
    """
    repeat(session, watch, partial(_status, names=names, everything=everything))


def _status(
    session: Session,
    *,
    names: list[str] | None,
    everything: bool = False,
    last: str = "",
) -> None:
    raw = session.ask("status")
    if names:
        _named(session, raw, names)
    elif not session.wrote_json(raw):
        from selfhealctl.views.status import show_status
        from selfhealingd.wire.documents import Status

        found = read(raw, Status)
        show_status(
            found, wide=session.wide, everything=everything, last=pasteable(last)
        )


def overview(choices: Choices) -> None:
    """Show what the bare command shows: the status, and where the rest is."""
    if choices.socket:
        use_socket(choices.socket)
    _status(Session.of(choices), names=None, last="all commands: selfhealctl --help")


def _named(session: Session, raw: bytes, names: list[str]) -> None:
    from selfhealingd.wire.documents import ProgramDocument

    services = read(raw, _Services)
    sent: dict[str, bytes] = {}
    groups: dict[str, tuple[str, ...]] = {}
    for item in (*services.programs, *services.watches):
        service = read(bytes(item), ProgramDocument)
        sent[service.name] = bytes(item)
        its = (service.group, service.copy_of)
        groups[service.name] = tuple(group for group in its if group is not None)
    chosen = _meant(names, groups)
    programs = [read(sent[name], ProgramDocument) for name in chosen]
    if not session.wrote_json(b"[" + b",".join(sent[name] for name in chosen) + b"]"):
        from selfhealctl.views.status import show_programs

        show_programs(programs, wide=session.wide)
    down = [item.name for item in programs if item.state != RUNNING]
    if down:
        if not session.as_json:
            write_words(pasteable(f"see why: selfhealctl explain {down[0]}"))
        raise typer.Exit(exits.Status.NOT_RUNNING)


def _meant(names: list[str], groups: dict[str, tuple[str, ...]]) -> list[str]:
    """Each service that is meant, once; raises NoSuchName."""
    from selfhealingd.wire.names import ALL, named_by, no_such

    chosen: dict[str, None] = {}
    for name in names:
        found = named_by(name, groups)
        if not found and name != ALL:
            words = no_such("service", name, groups)
            raise NoSuchName(f"cannot show the status: {words}", "selfhealctl status")
        chosen |= dict.fromkeys(found)
    return list(chosen)


def health(session: Session) -> None:
    """Say what ails the whole; leave with 1 when it is critical, for health checks."""
    found = read(session.ask("status"), _Health)
    if not session.wrote_json(msgspec.json.encode(found)):
        write_words(found.status)
        for issue, do in zip(found.issues, found.recommendations, strict=True):
            write_words(f"{issue}; do: {pasteable(do)}")
    if found.status == CRITICAL:
        raise typer.Exit(exits.Status.FAILED)


def explain(session: Session, name: Program) -> None:
    """Say why a program is as it is, what comes next, and what holds it back."""
    raw = session.ask("explain", One(name=name))
    if not session.wrote_json(raw):
        from selfhealctl.views.explanation import show_explanation
        from selfhealingd.wire.explanation import ExplanationDocument

        show_explanation(read(raw, ExplanationDocument))


def breakers(
    session: Session, everything: Everything = False, watch: Watch = None
) -> None:
    """Show the circuit breakers, the worst first; of those that are CLOSED how many.

    With --all, -o wide and in JSON there is every one.
    """
    repeat(session, watch, partial(_breakers, everything=everything))


def _breakers(session: Session, *, everything: bool) -> None:
    raw = session.ask("breakers")
    if not session.wrote_json(raw):
        from selfhealctl.views.lists import show_breakers
        from selfhealingd.wire.documents import BreakerDocument

        found = read(raw, tuple[BreakerDocument, ...])
        show_breakers(found, wide=session.wide, everything=everything)


def tasks(session: Session, watch: Watch = None) -> None:
    """Show the background tasks."""
    repeat(session, watch, _tasks)


def _tasks(session: Session) -> None:
    raw = session.ask("tasks")
    if not session.wrote_json(raw):
        from selfhealctl.views.lists import show_tasks
        from selfhealingd.wire.documents import BackgroundTasks

        show_tasks(read(raw, BackgroundTasks), wide=session.wide)


def runbooks(session: Session) -> None:
    """Show the runbooks, and who may be healed by each."""
    raw = session.ask("runbooks")
    if not session.wrote_json(raw):
        from selfhealctl.views.lists import show_runbooks
        from selfhealingd.wire.documents import RunbookDocument

        show_runbooks(read(raw, tuple[RunbookDocument, ...]))


def forecast(session: Session, names: SomePrograms = None, watch: Watch = None) -> None:
    """Show what will run out: memory, descriptors, disks; and how sure that is."""
    repeat(session, watch, partial(_forecast, names=names))


def _forecast(session: Session, *, names: list[str] | None) -> None:
    raw = session.ask("forecast", Some(names=tuple(names or ())))
    if not session.wrote_json(raw):
        from selfhealctl.views.lists import show_forecasts
        from selfhealingd.wire.documents import ForecastDocument

        show_forecasts(read(raw, tuple[ForecastDocument, ...]), wide=session.wide)


def flags(session: Session) -> None:
    """Show the feature flags in force."""
    raw = session.ask("flags")
    if not session.wrote_json(raw):
        from selfhealctl.views.lists import show_flags
        from selfhealingd.wire.documents import FlagsDocument

        show_flags(read(raw, FlagsDocument))
