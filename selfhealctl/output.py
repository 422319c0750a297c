"""What leaves on stdout and stderr: JSON as the daemon wrote it, errors in words."""

import re
import sys
from typing import TextIO

import msgspec

from selfhealctl.errors import CannotError, Garbage
from selfhealctl.views.text import clean

# JSON lets these stand unescaped, and some terminals obey them.
_CONTROLS = re.compile("[\x7f-\x9f]")


def write_json(raw: bytes) -> None:
    """Write one document, indented; every field that was sent is kept."""
    try:
        pretty = msgspec.json.format(raw, indent=2)
    except msgspec.DecodeError as error:
        raise Garbage(f"cannot understand the answer: {error}") from error
    write_line(pretty)


def write_line(raw: bytes) -> None:
    """Write one piece of JSON and a newline, so that it is seen at once."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise Garbage(f"cannot understand the answer: {error}") from error
    safe = _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    # JSON is UTF-8 whatever the locale says.
    _write(sys.stdout, safe.encode())


def write_words(words: str) -> None:
    """Write one line of plain words, controls taken out."""
    _write(sys.stdout, clean(words).encode(sys.stdout.encoding, "backslashreplace"))


def write_error(error: CannotError) -> None:
    """Tell on stderr what could not be done, and what to do about it."""
    write_complaint(error.words, error.hint)


def write_complaint(words: str, hint: str | None = None) -> None:
    """Write ``selfhealctl: WORDS`` to stderr, with the hint on its own line."""
    lines = [f"selfhealctl: {clean(words)}"]
    if hint:
        lines.append(f"  {clean(hint)}")
    if sys.stderr is not None:
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()


def _write(stream: TextIO, data: bytes) -> None:
    if stream is None:
        return
    stream.flush()
    stream.buffer.write(data + b"\n")
    stream.buffer.flush()
