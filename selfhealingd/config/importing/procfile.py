"""A Procfile: each line a program, run as foreman and its like would."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from selfhealingd.config.importing import advice
from selfhealingd.config.importing.document import Key, Note, Table
from selfhealingd.config.importing.errors import CannotImport
from selfhealingd.config.importing.expansion import rendered
from selfhealingd.config.importing.names import Names

_LINE = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)")
# With none of these in it, a command needs no shell.
_FOR_A_SHELL = re.compile(r"[|&;<>()$`*?\[\]{}#~!\\]")
_FIRST_PORT = 5000
_NEXT_PORT = 100
_SHELL = (
    "A command that needs a shell has one. PORT counts from 5000 by hundreds, as"
    " foreman's does."
)


def looks_like_procfile(file: Path, text: str) -> bool:
    """Tell by its name, or by its lines, whether a file is a Procfile."""
    if file.name.lower().startswith("procfile") or file.suffix.lower() == ".procfile":
        return True
    lines = [line for _, line in _lines(text)]
    return bool(lines) and all(_LINE.fullmatch(line) for line in lines)


def from_procfile(file: Path, text: str) -> list[Table]:
    """Return the tables that say what a Procfile says; raises ``CannotImport``."""
    before = [f"Made by selfhealingd --import from {file}", advice.CHECK, _SHELL]
    if (file.parent / ".env").exists():
        env = file.parent / ".env"
        before.append(
            f"{env}: foreman reads it, selfhealingd doesn't: put its variables into the"
            " programs' environment, or into the daemon's own"
        )
    tables = [Table(before=tuple(before))]
    names = Names()
    port = _FIRST_PORT
    for number, line in _lines(text):
        found = _LINE.fullmatch(line)
        if found is None:
            raise CannotImport(f'{file}: line {number}: expected "name: command"')
        tables.append(_table(file, names.claim(found[1]), found[2].strip(), port))
        port += _NEXT_PORT
    if len(tables) == 1:
        raise CannotImport(f"{file}: there is no program in it")
    return tables


def _lines(text: str) -> Iterator[tuple[int, str]]:
    plain = text.removeprefix("\N{BYTE ORDER MARK}")
    for number, line in enumerate(plain.splitlines(), start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            yield number, stripped


def _table(file: Path, name: str, command: str, port: int) -> Table:
    lines: list[Key | Note] = [
        Key("command", _command(command)),
        Key("directory", rendered(str(file.parent), {})),
        Key("autorestart", "always"),
    ]
    table = Table(("program", name), lines, {"PORT": str(port)})
    if name == "release":
        table.doubtful = True
        table.before = ("release: runs once at each deployment; let that do it",)
    return table


def _command(command: str) -> str | list[str]:
    text = rendered(command, {})
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if words and not _FOR_A_SHELL.search(command) and "=" not in words[0]:
        return text if "/" not in words[0] or words[0].startswith("/") else _here(words)
    return ["/bin/sh", "-c", text]


def _here(words: list[str]) -> list[str]:
    # A shell looks from where the program starts, we from where the config lies.
    return ["/usr/bin/env", *words]
