"""What operations answer: done at once, or begun and told of until their end."""

from selfhealingd.wire.documents import Document


class Outcome(Document, frozen=True):
    """What became of one name. ``hint``: the next command, where there is one."""

    name: str
    ok: bool
    state: str | None = None
    words: str = ""
    hint: str | None = None


class Done(Document, frozen=True):
    """A short operation's answer: one line in words, and what it touched."""

    words: str
    names: tuple[str, ...] = ()
    hint: str | None = None


class ShuttingDown(Done, frozen=True):
    """The end has begun. ``pid`` is the daemon's; it is gone in ``deadline`` seconds.

    Its connections end with it, so that whoever stays on this one sees it go.
    """

    pid: int = 0
    deadline: float = 0.0


class Started(Document, frozen=True):
    """A long operation was begun: its notifications carry this number.

    ``deadline``: seconds after which the daemon itself gives up waiting.
    """

    operation: int
    names: tuple[str, ...]
    deadline: float


class Progress(Document, frozen=True):
    """Notification ``progress``: one name changed its state on the way."""

    operation: int
    name: str
    state: str
    words: str


class Finished(Document, frozen=True):
    """Notification ``finished``: the operation's last word."""

    operation: int
    outcomes: tuple[Outcome, ...]
