"""What goes to the helper and what comes back from it; a line of JSON each way."""

import msgspec

from selfhealingd.core.budget import Usage


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One call. ``seconds``: after which it is over, whatever was read by then.

    ``body``: of the request, as JSON.
    """

    key: str
    endpoint: str
    seconds: float
    body: msgspec.Raw


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. ``status``: of HTTP, None where there was no whole answer.

    ``problem``: why ``content`` is not to be looked at. ``usage``: its tokens, where
    the answer says so.
    """

    status: int | None = None
    problem: str | None = None
    retry_after: str | None = None
    stop: str | None = None
    content: msgspec.Raw = msgspec.Raw(b"null")
    usage: Usage | None = None
    request: str | None = None
