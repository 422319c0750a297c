"""What goes to the helper and what comes back from it; a line of JSON each way."""

import msgspec


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One message, and to whom it goes, one after the other.

    ``seconds``: after which each of them is given up. ``environment``: all that there
    is while it is sent. ``tone``: info, success, warning or failure. ``send``: or only
    look whether it could be.
    """

    urls: tuple[str, ...]
    seconds: float
    environment: dict[str, str] = {}
    title: str
    body: str
    tone: str
    send: bool = True


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why one was not told; ``final``: it makes no sense to try again."""

    words: str
    final: bool = False


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each, in the order in which they were asked for."""

    failures: tuple[Failure | None, ...]
