"""What is wrong with a config, in words, and where."""

import datetime as dt
import difflib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST = 60
_BITS = 256


class Pointer(msgspec.Struct, frozen=True):
    """A place within a value; ``column`` counts from 1."""

    text: str
    column: int

    def __str__(self) -> str:
        before = len(printable(self.text[: self.column - 1]))
        past = max(self.column - 1 - len(self.text), 0)
        return f"    {printable(self.text)}\n    {' ' * (before + past)}^"


class Mistake(msgspec.Struct, frozen=True):
    """One mistake: in which file, at which key, what is wrong, what may help.

    ``key`` is dotted and empty where the file as a whole is meant; ``suggestion`` is
    empty when there is none. ``pointer``: where in the value it is.
    """

    file: Path
    key: str
    problem: str
    suggestion: str = ""
    pointer: Pointer | None = None

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else f"{self.file}"
        what = f"{self.problem}; {self.suggestion}" if self.suggestion else self.problem
        if self.pointer is not None:
            where = f"{where}: column {self.pointer.column}"
        return printable(f"{where}: {what}")

    @property
    def shown(self) -> str:
        """It, with a caret under the place where it is told more closely."""
        return str(self) if self.pointer is None else f"{self}\n{self.pointer}"


class ConfigError(Exception):
    """The config cannot be used: ``mistakes`` has all of them."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(mistakes)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(mistake.shown for mistake in self.mistakes)


class Spot:
    """A place in a config file, to which mistakes can be noted.

    All spots of one load share one list, the ``environ`` that values are expanded
    from, and the ``secrets``: values that were kept out of the config.
    """

    def __init__(
        self,
        file: Path,
        environ: Mapping[str, str],
        noted: list[Mistake],
        key: str = "",
        secrets: dict[str, None] | None = None,
    ) -> None:
        self.secrets: dict[str, None] = {} if secrets is None else secrets
        self.file = file
        self.environ = environ
        self.key = key
        self._noted = noted

    @property
    def folder(self) -> Path:
        """The folder that relative paths at this spot start from."""
        return self.file.parent

    def at(self, part: str) -> "Spot":
        """Return the spot of the key ``part`` within the table at this spot."""
        shown = part if _BARE.fullmatch(part) else json.dumps(part, ensure_ascii=False)
        key = f"{self.key}.{shown}" if self.key else shown
        return Spot(self.file, self.environ, self._noted, key, self.secrets)

    def item(self, index: int) -> "Spot":
        """Return the spot of one item of the list at this spot; the first is 0."""
        key = f"{self.key}[{index}]"
        return Spot(self.file, self.environ, self._noted, key, self.secrets)

    def of(self, file: Path) -> "Spot":
        """Return the top of another file of the same config."""
        return Spot(file, self.environ, self._noted, secrets=self.secrets)

    def unheard(self) -> "Spot":
        """Return the same spot, with nobody listening to what is wrong there."""
        return Spot(self.file, self.environ, [], self.key, self.secrets)

    def wrong(
        self, problem: str, suggestion: str = "", pointer: Pointer | None = None
    ) -> None:
        """Note a mistake."""
        self._noted.append(Mistake(self.file, self.key, problem, suggestion, pointer))


def likely(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean "…"?`` for a close match, else an empty string."""
    folded = {name.lower(): name for name in known}
    # The matcher's time grows with the length, and no long word is a slip of a key.
    close = difflib.get_close_matches(word[:_LONGEST].lower(), folded, n=1, cutoff=0.6)
    return f'did you mean "{folded[close[0]]}"?' if close else ""


def show(value: object) -> str:
    """Return a TOML value as a person would recognise it, never a long one."""
    match value:
        case dict():
            return "a table"
        case list():
            return _show_list(value)
        case bool():
            return str(value).lower()
        case str():
            text = value if len(value) <= _LONGEST else value[:_LONGEST] + "…"
            return json.dumps(text, ensure_ascii=False)
        case int() if value.bit_length() > _BITS:
            return "a huge number"
        case dt.date() | dt.time():
            return value.isoformat()
        case _:
            return str(value)


def _show_list(items: list[object]) -> str:
    if any(isinstance(item, list | dict) for item in items):
        return "a list"
    whole = "[" + ", ".join(show(item) for item in items) + "]"
    return whole if len(whole) <= _LONGEST else "a list"


def printable(text: str) -> str:
    """Return ``text`` as one line that any UTF-8 terminal can show."""
    whole = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in whole
    )
