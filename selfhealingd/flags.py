"""The flag file: switches that an operator can flip with ``echo`` and SIGHUP."""

import difflib
import re
import stat
from pathlib import Path

from selfhealingd.core.policy import Flags

FIELDS = {
    "FEATURE_AUTO_HEALING_ENABLED": "auto_healing",
    "FEATURE_AUTO_DETECTION_MONITORING": "auto_detection",
    "FEATURE_PREVENTIVE_HEALING_ENABLED": "preventive_healing",
    "FEATURE_PROCESS_MONITORING_ENABLED": "process_monitoring",
    "FEATURE_LLM_DIAGNOSIS_ENABLED": "llm_diagnosis",
}
_WORDS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}
_LINE = re.compile(
    r"(?:export\s+)?(?P<key>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*"
    r"(?P<quote>[\"']?)(?P<value>[^\s\"'#]*)(?P=quote)\s*(?:(?<=\s)#.*)?"
)
_LONGEST = 60
_LONGEST_LINE = 1000
_BIGGEST = 1024 * 1024


class FlagError(Exception):
    """The flag file cannot be used.

    ``wrong`` has (line, problem) of every wrong line, and line 0 where the file as a
    whole is meant; str() has them one a line, each with the file's name.
    """

    def __init__(self, file: Path, wrong: tuple[tuple[int, str], ...]) -> None:
        super().__init__(file, wrong)
        self.file = file
        self.wrong = wrong

    def __str__(self) -> str:
        return "\n".join(
            f"{self.file}:{line}: {problem}" if line else f"{self.file}: {problem}"
            for line, problem in self.wrong
        )


class FlagsGone(FlagError):
    """There was a flag file, and it is there no more."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, ((0, "cannot read: it was there, and is gone"),))


def parse_flags(text: str, file: Path) -> Flags:
    """Return the flags that ``text`` sets; the last line of a flag wins.

    Lines are ``KEY=value``, blank, or comments with ``#``; ``export`` in front, quotes
    around the value and blanks around ``=`` are allowed. ``file`` is only named in
    errors. Raises ``FlagError``.
    """
    values: dict[str, bool] = {}
    wrong: list[tuple[int, str]] = []
    # Not splitlines(), which sees line ends where editors and grep see none.
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        try:
            field, value = _parse_line(stripped)
        except ValueError as error:
            wrong.append((number, str(error)))
        else:
            values[field] = value
    if wrong:
        raise FlagError(file, tuple(wrong))
    return Flags(**values)


def read_flags(path: Path) -> Flags | None:
    """Return the flags in a file, None when there is none; blocks while it reads.

    Raises ``FlagError``.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise FlagError(path, ((0, "cannot read: it is not a regular file"),))
        with path.open("rb") as file:
            content = file.read(_BIGGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        problem = f"cannot read: {(error.strerror or str(error)).lower()}"
        raise FlagError(path, ((0, problem),)) from None
    if len(content) > _BIGGEST:
        raise FlagError(path, ((0, f"cannot read: bigger than {_BIGGEST} bytes"),))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FlagError(path, ((line, "not UTF-8 text"),)) from None
    return parse_flags(text, path)


def _parse_line(line: str) -> tuple[str, bool]:
    """Return the field of ``Flags`` and its value; ValueError says what is wrong."""
    found = _LINE.fullmatch(line) if len(line) <= _LONGEST_LINE else None
    if found is None:
        raise ValueError(f"expected KEY=true or KEY=false, got {_shown(line)}")
    key, value = found["key"], found["value"]
    if key not in FIELDS:
        close = difflib.get_close_matches(key[:_LONGEST].upper(), FIELDS, n=1)
        known = f"did you mean {close[0]}?" if close else "known: " + ", ".join(FIELDS)
        raise ValueError(f"unknown flag {_shown(key)}; {known}")
    if value.lower() not in _WORDS:
        raise ValueError(f"{key}: expected true or false, got {_shown(value)}")
    return FIELDS[key], _WORDS[value.lower()]


def _shown(text: str) -> str:
    return ascii(text if len(text) <= _LONGEST else text[:_LONGEST] + "...")
