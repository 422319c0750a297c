"""The command that examines what the daemon stands on."""

# ruff: noqa: PLC0415  what few commands need loads late
import typer
from msgspec.structs import replace

from selfhealctl import exits
from selfhealctl.advice import pasteable
from selfhealctl.options import DaemonConfig
from selfhealctl.session import Session


def doctor(session: Session, config: DaemonConfig = None) -> None:
    """Examine permissions, limits, disks, clock, unit, config and versions.

    Each finding says what to type. It works without a daemon, too, and leaves with 1
    where there is a problem; warnings are none.
    """
    from selfhealctl.doctor.findings import Level, as_json
    from selfhealctl.doctor.judging import judge
    from selfhealctl.doctor.looking import look

    findings = tuple(
        replace(one, do=pasteable(one.do)) if one.do else one
        for one in judge(look(session, config))
    )
    if not session.wrote_json(as_json(findings)):
        from selfhealctl.views.findings import show_findings

        show_findings(findings)
    if any(one.level is Level.PROBLEM for one in findings):
        raise typer.Exit(exits.Status.FAILED)
