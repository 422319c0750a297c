r"""Programs' output made fit for a terminal: nothing in it steers, and nothing is lost.

Colours may stay. Everything else that a terminal might obey, or that changes how the
text around it reads, is shown instead: ``^[`` for escape as ``cat -v`` does, and
``\x9b`` or ``\u202e`` for what has no such name.
"""

import codecs
import re

RESET = "\x1b[0m"

_COLOUR = r"\x1b\[[0-9;:]{0,40}m"
# The controls but tab and newline; what turns the direction of text; line separators.
_STEERING = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    r"\ud800-\udfff]"
)
_UNSAFE = re.compile(f"(?P<colour>{_COLOUR})|(?P<end>\r+(?=\n))|{_STEERING}")
_UNFINISHED = re.compile(r"(?:\x1b(?:\[[0-9;:]{0,40})?|\r+)\Z")


def safe(text: str, *, colours: bool) -> str:
    """Return a whole text that steers no terminal; returns before newlines go."""

    def shown(found: re.Match[str]) -> str:
        if found["colour"]:
            return found[0] if colours else ""
        if found["end"]:
            return ""
        return _named(ord(found[0]))

    return _UNSAFE.sub(shown, text)


def _named(code: int) -> str:
    if code < 0x80:  # noqa: PLR2004 - where ASCII ends
        return f"^{chr(code ^ 0x40)}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004


class Safe:
    r"""Does so with what comes in pieces; a character may be in two of them.

    Bytes that are no UTF-8 are shown as ``\xff``. ``coloured``: a colour went by.
    """

    def __init__(self, *, colours: bool) -> None:
        self.coloured = False
        self._colours = colours
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._kept = ""

    def feed(self, data: bytes, *, final: bool = False) -> str:
        """Return what can be told of it so far; with ``final``, all that was kept."""
        text = self._kept + self._decoder.decode(data, final)
        cut = None if final else _UNFINISHED.search(text)
        end = len(text) if cut is None else cut.start()
        self._kept = text[end:]
        shown = safe(text[:end], colours=self._colours)
        self.coloured = self.coloured or "\x1b" in shown
        return shown
