"""The terminal as it is: colours as they are asked for, and characters that it knows.

Colours are the environment's to say, because everything that draws heeds that:
``--color`` is such a word, typed.
"""

import codecs
import io
import sys
from collections.abc import Mapping, MutableMapping
from enum import StrEnum

PLAIN = "selfhealctl.plain"

_PLAIN = {
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{MINUS SIGN}": "-",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{MIDDLE DOT}": "-",
    "\N{BULLET}": "*",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
}
_OLD = frozenset({"C", "POSIX"})


class Colour(StrEnum):
    """When there are colours."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def settle_colours(environ: MutableMapping[str, str], choice: Colour | None) -> None:
    """Say in ``environ`` what was chosen, or what others' variables say.

    What is typed stands above NO_COLOR, that above CLICOLOR_FORCE and FORCE_COLOR, and
    these above CLICOLOR=0.
    """
    match choice:
        case Colour.ALWAYS:
            environ.pop("NO_COLOR", None)
            environ["FORCE_COLOR"] = "1"
            return
        case Colour.NEVER:
            environ.pop("FORCE_COLOR", None)
            environ["NO_COLOR"] = Colour.NEVER  # any word means no colours
            return
    if environ.get("NO_COLOR"):
        environ.pop("FORCE_COLOR", None)
    elif environ.get("CLICOLOR_FORCE", "0") != "0":
        environ["FORCE_COLOR"] = "1"
    elif environ.get("CLICOLOR") == "0" and not environ.get("FORCE_COLOR"):
        environ["NO_COLOR"] = "1"


def wants_colours(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Whether there are to be colours; what was chosen is settled already."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return terminal and environ.get("TERM") != "dumb"


def wants_styles(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Whether there is bold and dim without colours; not where never was typed."""
    plain = environ.get("TERM") == "dumb" or environ.get("NO_COLOR") == Colour.NEVER
    return terminal and not plain


def is_plain(environ: Mapping[str, str]) -> bool:
    """Whether the locale was said to know ASCII alone; not where none was said.

    Python itself makes C.UTF-8 of LC_CTYPE where LANG is C, so that says nothing.
    """
    names = [environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG")]
    if names[1] == "C.UTF-8" and names[2] in _OLD:
        names[1] = ""
    return next(filter(None, names), "") in _OLD


def settle_characters(environ: Mapping[str, str]) -> None:
    """Let stdout and stderr write whatever comes, in what the terminal knows."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = "ascii" if is_plain(environ) else stream.encoding
            stream.reconfigure(encoding=encoding, errors=PLAIN)


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unknown = error.object[error.start : error.end]
    words = "".join(
        _PLAIN.get(char) or char.encode("ascii", "backslashreplace").decode()
        for char in unknown
    )
    return words, error.end


codecs.register_error(PLAIN, _plainly)
