"""Commands about the daemon itself and its config: reload, update, add, shutdown."""

# ruff: noqa: PLC0415
import msgspec
import typer

from selfhealctl.client import connect
from selfhealctl.confirm import confirm
from selfhealctl.end import see_it_end
from selfhealctl.errors import Interrupted
from selfhealctl.exits import Status
from selfhealctl.operation import Order, operate
from selfhealctl.options import (
    DryRun,
    NewPrograms,
    OfConfig,
    Programs,
    Reason,
    Wait,
    Yes,
)
from selfhealctl.output import write_words
from selfhealctl.session import Session, read
from selfhealingd import __version__
from selfhealingd.wire.documents import ReloadReport, Version
from selfhealingd.wire.methods import Names, Nothing, Some, Update, Why
from selfhealingd.wire.operation import ShuttingDown


def reload(session: Session, reason: Reason = None) -> None:
    """Read config and flags again; nothing is restarted."""
    raw = session.order("reload", Why(reason=reason))
    _show_report(session, raw, "selfhealctl update")


def _show_report(session: Session, raw: bytes, then: str) -> None:
    report = read(raw, ReloadReport)
    if not session.wrote_json(raw):
        from selfhealctl.views.work import show_reload

        show_reload(report, then)
    if not report.ok:
        raise typer.Exit(Status.FAILED)


def reread(session: Session, names: OfConfig = None) -> None:
    """Show what an update would change, and change nothing."""
    raw = session.ask("reread", Some(names=tuple(names or ())))
    _show_report(session, raw, " ".join(("selfhealctl update", *(names or ()))))


def update(
    session: Session,
    names: OfConfig = None,
    reason: Reason = None,
    wait: Wait = True,
    dry_run: DryRun = False,
) -> None:
    """Apply the config, whole or of some programs; only what changed restarts.

    What took no restart is told of, too.
    """
    if dry_run:
        reread(session, names)
    else:
        params = Update(names=tuple(names or ()), reason=reason)
        operate(session, Order("update", params, wait))


def add(
    session: Session, names: NewPrograms, reason: Reason = None, wait: Wait = True
) -> None:
    """Take new programs from the config, and start them if they should."""
    operate(session, Order("add", Names(names=tuple(names), reason=reason), wait))


def remove(
    session: Session, names: Programs, reason: Reason = None, wait: Wait = True
) -> None:
    """Forget programs that are down, until the config is read again."""
    operate(session, Order("remove", Names(names=tuple(names), reason=reason), wait))


def shutdown(session: Session, yes: Yes = False, wait: Wait = True) -> None:
    """Stop every program, then the daemon. Asks first on a terminal."""
    if not yes:
        confirm("Stop every program and the daemon?", "nothing was stopped")
    try:
        _end(session, wait=wait)
    except KeyboardInterrupt:
        raise Interrupted(
            "interrupted: the daemon goes on stopping everything, and ends",
            "see how it goes: selfhealctl status",
        ) from None


def _end(session: Session, *, wait: bool) -> None:
    with connect(session.socket, session.timeout) as connection:
        raw = connection.call("shutdown", Nothing(), session.timeout)
        begun = read(raw, ShuttingDown)
        if not session.wrote_json(raw):
            from selfhealctl.views.work import show_done

            show_done(begun)
        if wait:
            see_it_end(connection, begun, session.timeout)
    if wait and not session.as_json:
        write_words("the daemon has ended")


def version(session: Session) -> None:
    """Show the version of this client and of the daemon that answers."""
    raw = session.ask("version")
    both = read(raw, dict[str, object]) | {"client": __version__}
    if not session.wrote_json(msgspec.json.encode(both)):
        from selfhealctl.views.work import show_version

        show_version(read(raw, Version), __version__)
