"""One message to people, sent by a process of its own: nothing else loads apprise.

It reads an ``Asked`` from stdin, prints an ``Answered``, and ends. Its environment is
what was asked for and nothing else: proxies, ``.netrc`` and tokens of the daemon's
would all be obeyed. What it says of a failure may hold secrets: whoever asked takes
them out.
"""

import logging
import os
import re
import resource
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

import msgspec

from selfhealingd.notify.call import Answered, Asked, Failure

if TYPE_CHECKING:
    import apprise

MOST_ASKED = 256 * 1024
MOST_MEMORY = 2 * 1024**3
MOST_WORDS = 1024
"""Characters of what is said about one failure: more than is shown, as a secret that is
cut can't be taken out."""

_DETAIL = "Socket Exception: "
_REASON = re.compile(r"\[Errno -?\d+\] ([^'\"()]+)")
"""What matters of the twenty words with which requests tells of a connection."""


class _Late(BaseException):
    """The time is over; no ``except Exception`` of anybody's may take it."""


def main() -> None:
    """Send what stdin asks for."""
    _be_modest()
    asked = msgspec.json.decode(sys.stdin.buffer.read(MOST_ASKED), type=Asked)
    os.environ.clear()
    os.environ.update({"NETRC": os.devnull, **asked.environment})
    signal.signal(signal.SIGALRM, _be_late)
    told = Answered(failures=tuple(_send(url, asked) for url in asked.urls))
    sys.stdout.buffer.write(b"\n" + msgspec.json.encode(told) + b"\n")
    sys.stdout.flush()
    os._exit(0)  # what holds a connection open must not hold us


def _be_modest() -> None:
    """Leave no core, which would have secrets in it, and the memory to others."""
    for what, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, MOST_MEMORY)):
        with suppress(ValueError, OSError):  # it is lower already
            resource.setrlimit(what, (most, most))


def _be_late(_signo: int, _frame: FrameType | None) -> None:
    raise _Late


def _send(url: str, asked: Asked) -> Failure | None:
    signal.setitimer(signal.ITIMER_REAL, asked.seconds)
    try:
        return _tell(url, asked)
    except _Late:
        return Failure(words=f"not taken within {asked.seconds:g} s")
    except Exception as error:  # noqa: BLE001 - of any of a hundred plugins
        return Failure(words=type(error).__name__)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _tell(url: str, asked: Asked) -> Failure | None:
    import apprise  # noqa: PLC0415 - within the deadline

    heard = _Heard()
    logger = logging.getLogger("apprise")
    logger.handlers = [heard]
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    sender = apprise.Apprise(asset=_asset())
    if not sender.add(url):
        said = heard.words()
        words = f"not a URL that apprise takes{f': {said}' if said else ''}"
        return Failure(words=words, final=True)
    if not asked.send or sender.notify(
        title=asked.title,
        body=asked.body,
        notify_type=apprise.NotifyType(asked.tone),
        body_format=apprise.NotifyFormat.TEXT,
    ):
        return None
    return Failure(words=heard.words() or "it was not taken")


def _asset() -> "apprise.AppriseAsset":
    import apprise  # noqa: PLC0415

    asset = apprise.AppriseAsset()
    asset.app_id = asset.app_desc = "selfhealingd"
    asset.app_url = ""
    asset.image_url_mask = asset.image_url_logo = ""  # nobody fetches pictures for it
    asset.async_mode = False
    asset.http_redirects = False  # apprise before 2 does not know it, and follows them
    return asset


class _Heard(logging.Handler):
    """Keeps what apprise says of a failure; there is no other way to learn why."""

    def __init__(self) -> None:
        super().__init__()
        self._warned: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        words = record.getMessage().rstrip(". ")
        if record.levelno >= logging.WARNING:
            self._warned.append(words)
        elif words.startswith(_DETAIL):
            reason = _REASON.search(words)
            detail = reason[1] if reason else words.removeprefix(_DETAIL)
            self._warned.append(detail)

    def words(self) -> str:
        """What was said, each once, up to what is of use."""
        return "; ".join(dict.fromkeys(self._warned))[:MOST_WORDS]


if __name__ == "__main__":
    main()
