"""A config in the making, and its text: tables of keys, with comments between them."""

import re
import textwrap
from collections.abc import Iterator

import msgspec
import tomli_w

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPED = re.compile(r'["\\]')
_WIDTH = 88


class Key(msgspec.Struct, frozen=True):
    """``key = value``; ``note`` is the comment above it.

    A ``doubtful`` one is written as a comment itself.
    """

    key: str
    value: object
    note: str = ""
    doubtful: bool = False


class Note(msgspec.Struct, frozen=True):
    """A comment in the place of what is not carried over."""

    text: str


class Table(msgspec.Struct):
    """``[header]`` with its lines; a table without a header is comments alone.

    A ``doubtful`` one is commented out altogether, so that it can be uncommented.
    """

    header: tuple[str, ...] = ()
    lines: list[Key | Note] = []
    environment: dict[str, str] = {}
    doubtful: bool = False
    before: tuple[str, ...] = ()


def written(tables: list[Table]) -> str:
    """Return the text of all tables, those that have nothing to say left out."""
    texts = ["\n".join(_lines(table)) for table in tables]
    return "\n\n".join(text for text in texts if text) + "\n"


def _lines(table: Table) -> Iterator[str]:
    for text in table.before:
        yield from comment(text)
    if not table.header and not table.lines:
        return
    mark = "#" if table.doubtful else ""
    if table.header:
        yield f"{mark}[{_dotted(table.header)}]"
    for line in table.lines:
        if isinstance(line, Note):
            yield from comment(line.text)
            continue
        if line.note:
            yield from comment(line.note)
        yield ("#" if line.doubtful else mark) + assignment(line.key, line.value)
    if table.environment:
        yield f"{mark}[{_dotted((*table.header, 'environment'))}]"
        for name, value in table.environment.items():
            yield mark + assignment(name, value)


def comment(text: str) -> list[str]:
    """Return ``text`` as lines of a comment that any file can hold."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return textwrap.wrap(
        plain,
        _WIDTH,
        initial_indent="# ",
        subsequent_indent="#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def assignment(key: str, value: object) -> str:
    """Return ``key = value`` on one line of TOML."""
    if isinstance(value, list):
        items = ", ".join(_inline(item) for item in value)
        return f"{_dotted((key,))} = [{items}]"
    return f"{_dotted((key,))} = {_inline(value)}"


def _inline(value: object) -> str:
    if isinstance(value, str) and _ESCAPED.search(value) and reads_literally(value):
        return f"'{value}'"
    return tomli_w.dumps({"k": value}).removeprefix("k = ").rstrip("\n")


def reads_literally(text: str) -> bool:
    """Tell whether TOML can have a text between single quotes, with no escapes."""
    return "'" not in text and text.isprintable()


def _dotted(parts: tuple[str, ...]) -> str:
    return ".".join(part if _BARE.fullmatch(part) else _inline(part) for part in parts)
