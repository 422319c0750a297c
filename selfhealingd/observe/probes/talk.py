"""A connection that may have something to say, and whether the right thing comes."""

import trio

from selfhealingd.core.ask import Answer, Connect, failed, ok, unknown
from selfhealingd.search import TooSlow, found_in

LONGEST = 16 * 1024
"""Bytes of an answer that are looked at."""

_SHOWN = 60


async def talk(ask: Connect, stream: trio.abc.Stream) -> Answer:
    """Say what is to be said, and wait for what has to come.

    Raises trio.BrokenResourceError.
    """
    if ask.send is not None:
        await stream.send_all(ask.send.encode())
    if ask.expect is None:
        return ok("it accepts connections")
    said = b""
    try:
        while len(said) < LONGEST:
            data = await stream.receive_some(LONGEST - len(said))
            said += data
            if found_in(ask.expect, said.decode("utf-8", "replace")):
                return ok("it answers as it should")
            if not data:
                break
    except TooSlow:
        return unknown(f"looking for /{ask.expect}/ in its answer takes too long")
    if not said:
        return failed("the connection was closed without an answer")
    text = said.decode("utf-8", "replace")
    start = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    gist = f"/{ask.expect}/ is not in its answer"
    return failed(f"{gist}: {start!r}", gist)
