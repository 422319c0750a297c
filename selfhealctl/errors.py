"""Everything that ends a command early, each with its exit status."""

from typing import ClassVar

from selfhealctl.exits import OF_KIND, Status
from selfhealingd.wire.messages import Error
from selfhealingd.wire.verbs import doing


class CannotError(Exception):
    """A command was not done. ``words`` say why, ``hint`` is what to do next."""

    status: ClassVar[Status] = Status.FAILED

    def __init__(self, words: str, hint: str | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.hint = hint

    @property
    def exit_status(self) -> Status:
        """The status to leave with."""
        return self.status


class UsageError(CannotError):
    """What was typed cannot be carried out."""

    status = Status.USAGE


class NoSuchName(CannotError):
    """A name that the daemon does not know."""

    status = Status.NO_SUCH_NAME


class Unreachable(CannotError):
    """Nobody answers at the socket, or nobody does any more."""

    status = Status.UNREACHABLE


class TimedOut(CannotError):
    """The daemon took longer than the caller was ready to wait."""

    status = Status.TIMED_OUT


class Interrupted(CannotError):
    """The person pressed Ctrl-C."""

    status = Status.INTERRUPTED


class Garbage(CannotError):
    """Whoever answers does not speak the daemon's protocol."""


class Refused(CannotError):
    """The daemon answered with an error; its kind decides the status."""

    def __init__(self, method: str, error: Error) -> None:
        words = error.message
        if not words.startswith("cannot "):
            words = f"cannot {doing(method)}: {words}"
        super().__init__(words, error.data.hint)
        self.kind = error.data.kind

    @property
    def exit_status(self) -> Status:
        """The status of the error's kind."""
        return OF_KIND[self.kind]
