"""Commands about the healing engine: its breakers and its background tasks."""

from selfhealctl.options import Breaker, Force, Reason, TaskArgument
from selfhealctl.session import Session, read
from selfhealctl.typed import required_reason
from selfhealingd.wire.methods import Params, Reset, Resume, TaskId, Why
from selfhealingd.wire.operation import Done


def resume(session: Session, reason: Reason = None) -> None:
    """Leave dormant mode: healing goes on. A reason is required."""
    example = 'selfhealctl resume --reason "disk replaced"'
    _do(session, "resume", Resume(reason=required_reason("resume", reason, example)))


def reset(
    session: Session, name: Breaker, force: Force = False, reason: Reason = None
) -> None:
    """Close a breaker. A reason is required, and --force when it is open for good."""
    forced = " --force" if force else ""
    example = f'selfhealctl reset {name}{forced} --reason "bug fixed in 2.1"'
    words = required_reason("reset", reason, example)
    _do(session, "reset", Reset(name=name, reason=words, force=force))


def pause_all(session: Session, reason: Reason = None) -> None:
    """Pause every background task; runs under way end."""
    _do(session, "pause-all", Why(reason=reason))


def resume_all(session: Session, reason: Reason = None) -> None:
    """Let every paused background task go on."""
    _do(session, "resume-all", Why(reason=reason))


def cleanup(session: Session, reason: Reason = None) -> None:
    """End every background task, in an emergency."""
    _do(session, "cleanup", Why(reason=reason))


def unregister(
    session: Session,
    id: TaskArgument,  # noqa: A002  its name
    reason: Reason = None,
) -> None:
    """End one background task."""
    _do(session, "unregister", TaskId(id=id, reason=reason))


def _do(session: Session, method: str, params: Params | None = None) -> None:
    raw = session.order(method, params)
    if not session.wrote_json(raw):
        from selfhealctl.views.work import show_done  # noqa: PLC0415

        show_done(read(raw, Done))
