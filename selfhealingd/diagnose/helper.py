"""One call to a model, as a process of its own: nothing else of ours imports the SDK.

It reads an ``Asked`` from stdin, prints an ``Answered``, and ends, also where nobody is
left to read that. It is started without an environment, and empties it again before the
SDK is there to look at it: proxies, keys, headers, certificates and log levels in it
would all be obeyed. Whatever goes wrong is told in words of ours, as the SDK's
errors hold requests, and these hold the key.
"""

import os
import resource
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

import msgspec

from selfhealingd.core.budget import Usage
from selfhealingd.diagnose.call import Answered, Asked

if TYPE_CHECKING:
    import httpx2

MOST_QUESTION = 256 * 1024
MOST_ANSWER = 256 * 1024
"""Bytes that are read of an answer; the largest we ask for has some 8 KiB."""

MOST_TOLD = 48 * 1024
MOST_MEMORY = 2 * 1024**3


class _Late(BaseException):
    """The time is over; no ``except Exception`` of anybody's may take it."""


class _TooLarge(Exception):
    """The endpoint sends more than an answer can be."""


class _Compressed(Exception):
    """The endpoint compresses, unasked: a few bytes may become any number of them."""


def main() -> None:
    """Make the call that stdin asks for."""
    os.environ.clear()
    _be_modest()
    threading.Thread(target=_end_with_the_daemon, daemon=True).start()
    asked = msgspec.json.decode(sys.stdin.buffer.read(MOST_QUESTION), type=Asked)
    signal.signal(signal.SIGALRM, _be_late)
    signal.setitimer(signal.ITIMER_REAL, asked.seconds)
    try:
        told = _ask(asked)
    except _Late:
        told = Answered(problem=f"timed out after {asked.seconds:g} s")
    signal.setitimer(signal.ITIMER_REAL, 0)
    line = msgspec.json.encode(told)
    if len(line) > MOST_TOLD:
        words = f"gave an answer of more than {MOST_TOLD} bytes"
        line = msgspec.json.encode(Answered(status=told.status, problem=words))
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.flush()
    os._exit(0)  # a server that holds a connection open must not hold us


def _be_modest() -> None:
    """Leave no core, which would have the key in it, and the memory to others."""
    for what, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, MOST_MEMORY)):
        with suppress(ValueError, OSError):  # it is lower already
            resource.setrlimit(what, (most, most))


def _end_with_the_daemon() -> None:
    """End at once where nobody is left to read the answer, as after a kill -9.

    Not by PR_SET_PDEATHSIG, which means the thread that started us and not the daemon.
    """
    answers = select.poll()
    answers.register(sys.stdout.fileno(), 0)  # a hang-up is told in any case
    answers.poll()
    os._exit(1)


def _be_late(_signo: int, _frame: FrameType | None) -> None:
    raise _Late


def _ask(asked: Asked) -> Answered:
    import anthropic  # noqa: PLC0415 - a second, and only within the deadline
    import httpx2  # noqa: PLC0415

    try:
        with (
            httpx2.Client(
                transport=_transport(),
                trust_env=False,
                follow_redirects=False,
                headers={"accept-encoding": "identity"},
            ) as http,
            anthropic.Anthropic(
                api_key=asked.key,
                base_url=asked.endpoint,
                max_retries=0,
                timeout=asked.seconds,
                open_telemetry=False,
                http_client=http,
            ) as client,
        ):
            return _told(client.messages.create(**msgspec.json.decode(asked.body)))
    except anthropic.APIStatusError as error:
        return Answered(
            status=error.status_code,
            problem=f"answered {error.status_code}",
            retry_after=error.response.headers.get("retry-after"),
        )
    except Exception as error:  # noqa: BLE001 - raw ones of httpx2, json, pydantic
        return Answered(problem=_in_words(error))


def _transport() -> "httpx2.BaseTransport":
    import httpx2  # noqa: PLC0415

    class Few(httpx2.SyncByteStream):
        """Its bytes up to what an answer may have."""

        def __init__(self, stream: Any) -> None:  # httpx2's union of both kinds
            self._stream = stream

        def __iter__(self) -> Iterator[bytes]:
            left = MOST_ANSWER
            for chunk in self._stream:
                left -= len(chunk)
                if left < 0:
                    raise _TooLarge
                yield chunk

        def close(self) -> None:
            self._stream.close()

    class Careful(httpx2.HTTPTransport):
        """Speaks HTTP, and reads no more than it should."""

        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            response = super().handle_request(request)
            if response.headers.get("content-encoding", "identity") != "identity":
                response.close()
                raise _Compressed
            response.stream = Few(response.stream)
            return response

    return Careful(trust_env=False, retries=0)


def _told(message: object) -> Answered:
    import anthropic  # noqa: PLC0415

    if not isinstance(message, anthropic.types.Message):  # HTML is returned as a str
        return Answered(status=200, problem="gave an answer that is no message")
    told = message.to_dict(mode="json")
    return Answered(
        status=200,
        stop=_text(told.get("stop_reason")),
        content=msgspec.Raw(msgspec.json.encode(told.get("content"))),
        usage=_usage(told.get("usage")),
        request=_text(getattr(message, "_request_id", None)),
    )


def _text(value: object) -> str | None:
    return value[:100] if isinstance(value, str) else None


def _usage(told: object) -> Usage | None:
    """Return all tokens that are paid for; None where that is not plainly said."""
    if not isinstance(told, dict):
        return None
    counts = [
        told.get(name) or 0
        for name in (
            "output_tokens",
            "input_tokens",
            "cache_creation_input_tokens",
            "cache_read_input_tokens",
        )
    ]
    usual = all(type(one) is int and 0 <= one < 10**7 for one in counts)
    if not usual or not told.get("input_tokens"):
        return None
    return Usage(input=sum(counts[1:]), output=counts[0])


def _in_words(error: BaseException) -> str:
    """Say what kind of error it was, by its and its causes' names alone."""
    names: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(names) < 5:  # noqa: PLR2004
        if isinstance(seen, _TooLarge):
            return f"gave an answer of more than {MOST_ANSWER} bytes"
        if isinstance(seen, _Compressed):
            return "gave a compressed answer, which nobody had asked for"
        names.append(type(seen).__name__)
        seen = seen.__cause__ or seen.__context__
    match names[0]:
        case "APITimeoutError" | "ReadTimeout":
            return "timed out"
        case "APIConnectionError":
            return f"cannot be reached ({names[-1]})"
        case "JSONDecodeError" | "UnicodeDecodeError":
            return "gave an answer that is not JSON"
        case "RecursionError":
            return "gave an answer that is nested too deeply"
        case name:
            return f"gave an answer that cannot be understood ({name})"


if __name__ == "__main__":
    main()
