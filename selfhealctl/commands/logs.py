"""Commands about what programs say: tail, logs, clear."""

from functools import partial

from selfhealctl.confirm import confirm
from selfhealctl.operation import report
from selfhealctl.options import (
    Bytes,
    Follow,
    Lines,
    Program,
    Programs,
    SomePrograms,
    Stream,
    StreamArgument,
    Yes,
)
from selfhealctl.paging import page
from selfhealctl.session import Session
from selfhealctl.tailing import show_logs
from selfhealingd.wire.methods import Names, Tail

ALL = "all"


def tail(
    session: Session,
    name: Program,
    stream: StreamArgument = Stream.STDOUT,
    lines: Lines = 20,
    bytes: Bytes = None,  # noqa: A002  its name
    follow: Follow = False,
) -> None:
    """Show the end of a program's log; with --follow also what is added to it.

    In a pipe it is verbatim; JSON, an object a line, only when --json is given.
    """
    params = Tail(
        names=(name,), stream=stream.value, lines=lines, bytes=bytes, follow=follow
    )
    _paged(session, params, named=False)


def logs(
    session: Session,
    names: SomePrograms = None,
    lines: Lines = 20,
    follow: Follow = False,
) -> None:
    """Show the ends of several logs, each line with its program's name.

    Everything that the programs say, stdout and stderr; JSON, an object a line, only
    when --json is given.
    """
    params = Tail(names=tuple(names or [ALL]), lines=lines, follow=follow)
    _paged(session, params, named=True)


def _paged(session: Session, params: Tail, *, named: bool) -> None:
    if params.follow:
        show_logs(session, params, named=named)
    else:
        show = partial(show_logs, session, params, named=named)
        page(session, show, at_end=True)


def clear(session: Session, names: Programs, yes: Yes = False) -> None:
    """Empty programs' logs and delete the older ones. Asks first on a terminal."""
    if not yes:
        confirm(
            f"Empty the logs of {', '.join(names)}, and delete the older ones?",
            "nothing was cleared",
        )
    report(session, "clear", session.order("clear", Names(names=tuple(names))))
