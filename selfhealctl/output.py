"""What leaves on stdout and stderr: JSON as the daemon wrote it, errors in words."""

import sys

import msgspec

from selfhealctl.advice import pasteable
from selfhealctl.errors import CannotError, Garbage
from selfhealctl.exits import NEXT
from selfhealctl.terminal import PLAIN
from selfhealctl.views.text import clean, escaped


def write_json(raw: bytes, *, in_a_line: bool = False) -> None:
    """Write one document, indented if not in a line; every field sent is kept."""
    try:
        pretty = msgspec.json.format(raw, indent=-1 if in_a_line else 2)
    except msgspec.DecodeError as error:
        raise Garbage(f"cannot understand the answer: {error}") from error
    write_line(pretty)


def write_json_lines(raw: bytes) -> None:
    """Write a list as one line for each of its items; anything else as one line."""
    try:
        items = msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.ValidationError:
        items = [msgspec.Raw(raw)]
    except msgspec.DecodeError as error:
        raise Garbage(f"cannot understand the answer: {error}") from error
    for item in items:
        write_line(msgspec.json.format(bytes(item), indent=-1))


def write_line(raw: bytes) -> None:
    """Write one piece of JSON and a newline, so that it is seen at once."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise Garbage(f"cannot understand the answer: {error}") from error
    # JSON is UTF-8 whatever the locale says.
    write_bytes(escaped(text).encode() + b"\n")


def write_words(words: str) -> None:
    """Write one line of plain words, controls taken out."""
    line = f"{clean(words)}\n"
    write_bytes(line.encode(sys.stdout.encoding, PLAIN))


def write_bytes(data: bytes) -> None:
    """Write them as they are, so that they are seen at once."""
    if sys.stdout is None or not data:
        return
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise  # whoever read has read enough
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise CannotError(f"cannot write to stdout: {why}") from error


def write_error(error: CannotError) -> None:
    """Tell on stderr what could not be done, and what to do about it."""
    write_complaint(error.words, error.hint or NEXT.get(error.exit_status))


def write_complaint(words: str, hint: str | None = None) -> None:
    """Write ``selfhealctl: WORDS`` to stderr, with the hint on its own line."""
    lines = [f"selfhealctl: {clean(words)}"]
    if hint:
        lines.append(f"  {pasteable(clean(hint))}")
    if sys.stderr is not None:
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()
