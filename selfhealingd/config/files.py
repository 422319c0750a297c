"""Reads files: bytes to text, text to TOML. Every failure is told in words."""

import glob
import os
import re
import stat
from pathlib import Path

from selfhealingd.config.twice import Twice, parse

_MODE = re.compile(r"=\s*(0[0-7]+)\b")
_BIGGEST = 4 * 1024 * 1024


class CannotRead(Exception):
    """A file cannot be read or understood; str() says why."""


def read_text(file: Path) -> str:
    """Return the text of a regular file of at most 4 MiB; raises ``CannotRead``."""
    try:
        with open(file, "rb", opener=_open_at_once) as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise CannotRead("cannot read: not a regular file")
            content = opened.read(_BIGGEST + 1)
    except OSError as error:
        raise CannotRead(
            f"cannot read: {(error.strerror or str(error)).lower()}"
        ) from None
    except ValueError as error:
        raise CannotRead(f"cannot read: {error}") from None
    if len(content) > _BIGGEST:
        raise CannotRead(f"cannot read: it is bigger than {_BIGGEST} bytes")
    return _decoded(content)


def _open_at_once(file: str, flags: int) -> int:
    # Without O_NONBLOCK, opening a FIFO would wait for a writer for ever.
    return os.open(file, flags | os.O_NONBLOCK)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CannotRead(f"cannot read: not UTF-8 text (line {line})") from None


def read_toml(file: Path) -> tuple[dict[str, object], tuple[Twice, ...]]:
    """Return the tables of a TOML file, and those of them that are written twice.

    Raises ``CannotRead``, also for an empty file.

    An empty file is what a full disk or a broken copy leaves behind; taking it for a
    config without programs would remove them all at the next reload.
    """
    text = read_text(file).removeprefix("\N{BYTE ORDER MARK}")
    if not text.strip():
        raise CannotRead("the file is empty; write at least a comment if that is meant")
    try:
        return parse(text)
    except RecursionError:
        raise CannotRead("not valid TOML: nested too deeply") from None
    except ValueError as error:  # more than TOMLDecodeError: a number of 5000 digits
        raise CannotRead(f"not valid TOML: {error}{_octal(text, error)}") from None


def _octal(text: str, error: ValueError) -> str:
    """Return what to write where TOML takes a mode for a number with a wrong zero."""
    line = re.search(r"at line (\d+)", str(error))
    if line is None:
        return ""
    wrong = _MODE.search(text.splitlines()[int(line[1]) - 1])
    return "" if wrong is None else f'; write it in quotes: "{wrong[1]}"'


def matching(folder: Path, pattern: str) -> list[Path]:
    """Return the files that ``pattern``, relative to ``folder``, matches, sorted.

    A glob that matches nothing is fine. Raises ``CannotRead`` when its folder, or a
    file named without a glob, is missing or cannot be looked at.
    """
    wanted = folder / pattern
    if not glob.has_magic(pattern):
        return [wanted]
    fixed = folder
    for part in Path(pattern).parts[:-1]:
        if glob.has_magic(part):
            break
        fixed /= part
    try:
        os.scandir(fixed).close()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CannotRead(f"cannot look into {fixed}: {why.lower()}") from None
    found = glob.glob(pattern, root_dir=folder)  # noqa: PTH207 - takes absolute ones
    return sorted(folder / name for name in found)
