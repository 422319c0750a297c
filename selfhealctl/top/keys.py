"""What a terminal sends, as names of keys."""

import codecs
import re
from collections.abc import Iterator

ESCAPE, ENTER, BACKSPACE = "escape", "enter", "backspace"
UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END = (
    *("up", "down"),
    *("page-up", "page-down"),
    *("home", "end"),
)

_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[@-~])")
_BEGUN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")
_NAMES = {
    "A": UP,
    "B": DOWN,
    "H": HOME,
    "F": END,
    "1~": HOME,
    "7~": HOME,
    "4~": END,
    "8~": END,
    "5~": PAGE_UP,
    "6~": PAGE_DOWN,
}
_CHARS = {
    "\x1b": ESCAPE,
    "\r": ENTER,
    "\n": ENTER,
    "\x7f": BACKSPACE,
    "\x08": BACKSPACE,
    "\x02": PAGE_UP,
    "\x06": PAGE_DOWN,
    "\x0e": DOWN,
    "\x10": UP,
    "\x03": "q",
}
_CONTROL = 0x20


class Keys:
    """Takes bytes as they come. What it doesn't know, it leaves out."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._kept = ""

    @property
    def waiting(self) -> bool:
        """Whether more may belong to what has come: an escape, or Escape itself."""
        return bool(self._kept)

    def feed(self, data: bytes) -> list[str]:
        """Return the keys that are known by now."""
        text = self._kept + self._decoder.decode(data)
        begun = _BEGUN.search(text)
        end = len(text) if begun is None else begun.start()
        self._kept = text[end:]
        return list(_keys(text[:end]))

    def flush(self) -> list[str]:
        """Nothing more came: return what there is."""
        text, self._kept = self._kept, ""
        return list(_keys(text))


def _keys(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        found = _SEQUENCE.match(text, at)
        if found is not None:
            at = found.end()
            name = _NAMES.get(found[0][2:])
            if name is not None:
                yield name
            continue
        char = text[at]
        at += 1
        if char in _CHARS:
            yield _CHARS[char]
        elif ord(char) >= _CONTROL and char.isprintable():
            yield char
