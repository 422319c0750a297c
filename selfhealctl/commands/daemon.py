"""Commands about the daemon itself: reload, update, shutdown, version."""

# ruff: noqa: PLC0415
import typer

from selfhealctl.confirm import confirm
from selfhealctl.exits import Status
from selfhealctl.operation import Order, operate
from selfhealctl.options import DryRun, Wait, Yes
from selfhealctl.session import Session, read
from selfhealingd import __version__
from selfhealingd.wire.documents import Done, ReloadReport, Version
from selfhealingd.wire.methods import Nothing


def reload(session: Session) -> None:
    """Read config and flags again; nothing is restarted."""
    _show_report(session, session.ask("reload"))


def _show_report(session: Session, raw: bytes) -> None:
    report = read(raw, ReloadReport)
    if not session.wrote_json(raw):
        from selfhealctl.views.work import show_reload

        show_reload(report)
    if not report.ok:
        raise typer.Exit(Status.FAILED)


def reread(session: Session) -> None:
    """Show what an update would change, and change nothing."""
    _show_report(session, session.ask("reread"))


def update(session: Session, wait: Wait = True, dry_run: DryRun = False) -> None:
    """Apply the whole config; only programs whose settings changed are restarted."""
    if dry_run:
        reread(session)
    else:
        operate(session, Order("update", Nothing(), wait))


def shutdown(session: Session, yes: Yes = False) -> None:
    """Stop every program, then the daemon. Asks first on a terminal."""
    if not yes:
        confirm("Stop every program and the daemon?", "nothing was stopped")
    raw = session.ask("shutdown")
    if not session.wrote_json(raw):
        from selfhealctl.views.work import show_done

        show_done(read(raw, Done))


def version(session: Session) -> None:
    """Show the version of this client and of the daemon that answers."""
    raw = session.ask("version")
    if not session.wrote_json(raw):
        from selfhealctl.views.work import show_version

        show_version(read(raw, Version), __version__)
