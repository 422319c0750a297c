"""The command that shows how it goes, live. It alone loads trio, and that late."""

# ruff: noqa: PLC0415
import codecs
import os
import signal
import sys

from selfhealctl.session import Session, read
from selfhealingd.wire.documents import Status


def top(session: Session) -> None:
    """Watch services, what they use and what happens, live; act on them by keys.

    The worst comes first. The keys: ? shows them, q leaves.
    """
    from functools import partial

    import trio

    from selfhealctl.ink import Paint
    from selfhealctl.terminal import wants_colours
    from selfhealctl.top.shell import watch
    from selfhealctl.top.terminal import terminal

    # A daemon that goes away in the middle of a question is an error, no end.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    with terminal() as taken:
        # Whoever is not there is told of as by every command.
        status = read(session.ask("status"), Status)
        colours = wants_colours(os.environ, terminal=True)
        paint = Paint(colours=colours, unicode=_knows_unicode())
        try:
            ended_by = trio.run(partial(watch, session, taken, paint, status))
        except ExceptionGroup as several:
            raise _first(several) from several
    if ended_by is not None:
        signal.signal(ended_by, signal.SIG_DFL)
        os.kill(os.getpid(), ended_by)


def _first(several: ExceptionGroup[Exception]) -> Exception:
    """Return one that says what happened: a group of them says nothing."""
    first = several.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first


def _knows_unicode() -> bool:
    """Whether the locale has more than ASCII.

    In the locale C, Python speaks UTF-8 all the same; the terminal may not.
    """
    if sys.flags.utf8_mode and not os.environ.get("PYTHONUTF8"):
        return False
    return codecs.lookup(sys.stdout.encoding).name == "utf-8"
