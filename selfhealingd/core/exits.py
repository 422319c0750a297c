"""How a run of a program ended, as a fact and in words."""

import msgspec

from selfhealingd.core.policy import Program
from selfhealingd.core.signals import signal_name
from selfhealingd.core.spans import span

AT_ONCE_SECS = 0.05


class Exit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The end of one run.

    ``code`` or ``signal`` is set, or neither where the run never began, or was ended as
    it did not get ready: then ``problem`` says why. ``lasted``: seconds from start to
    end. ``early``: it ended before it was up. ``told``: it was told to end, so this
    says nothing of how well it was.
    """

    at: float
    code: int | None = None
    signal: int | None = None
    dumped: bool = False
    problem: str | None = None
    lasted: float = 0.0
    early: bool = False
    told: bool = False

    @property
    def never_ran(self) -> bool:
        """Whether it can't have said anything that is worth reading."""
        return self.problem is not None and self.lasted == 0.0


def expected(program: Program, end: Exit) -> bool:
    """Whether the operator named this exit status as a good end."""
    return end.code is not None and end.code in program.exitcodes


def in_words(end: Exit) -> str:
    """``exited with status 1``, ``killed by SIGSEGV (core dumped)`` and so on."""
    if end.problem is not None:
        return end.problem
    if end.signal is not None:
        core = " (core dumped)" if end.dumped else ""
        return f"killed by {signal_name(end.signal)}{core}"
    if end.code is None:
        return "ended, its exit status is unknown"
    return f"exited with status {end.code}"


def story(end: Exit) -> str:
    """How it ended, and after how long: ``exited with status 1 after 4 s``."""
    if end.problem is not None:
        return end.problem
    return f"{in_words(end)} {after(end.lasted)}"


def after(seconds: float) -> str:
    """``after 12 s``, or ``at once`` where nobody could have seen it live."""
    return "at once" if seconds < AT_ONCE_SECS else f"after {span(seconds)}"
