"""Reads supervisord's files, with those that they include, as supervisord would."""

import configparser
import glob
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from selfhealingd.config.files import CannotRead, read_text
from selfhealingd.config.importing.errors import CannotImport, Unusable
from selfhealingd.config.importing.expansion import expand_now

_HERE = "%(here)s"


class Section(msgspec.Struct, frozen=True):
    """A section: ``[kind:name]`` or ``[kind]``, and the file that first had it."""

    kind: str
    name: str
    options: dict[str, str]
    file: Path


class Source(msgspec.Struct, frozen=True):
    """All sections, in order; ``notes`` has what is to be said about the reading."""

    file: Path
    sections: tuple[Section, ...]
    notes: tuple[str, ...]
    defaults: frozenset[str] = frozenset()

    def all(self, kind: str) -> list[Section]:
        """Return the sections of a kind, in the file's order."""
        return [section for section in self.sections if section.kind == kind]

    def options(self, kind: str) -> dict[str, str]:
        """Return the options of the section of a kind; none if there is no such."""
        return next((section.options for section in self.all(kind)), {})


def read_source(file: Path, environ: Mapping[str, str], host: str) -> Source:
    """Return what supervisord would read from ``file``.

    ``environ`` and ``host`` (the machine's name) are for the patterns in ``[include]``.
    Sections of the same name are merged, the later option wins; inline comments are cut
    off, also within quotes, as supervisord does. Raises ``CannotImport``.
    """
    reader = _Reader(file)
    reader.read(file)
    if reader.parser.has_section("include"):
        reader.expand_here(file.parent)
        for one in reader.included(environ, host):
            reader.read(one)
            reader.expand_here(one.parent)
    return reader.source()


class _Reader:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.notes: list[str] = []
        self.parser = configparser.RawConfigParser(
            inline_comment_prefixes=(";", "#"), strict=False
        )
        self._homes: dict[str, Path] = {}

    def read(self, file: Path) -> None:
        try:
            text = read_text(file)
        except CannotRead as error:
            raise CannotImport(f"{file}: {error}") from None
        if "\0" in text:
            raise CannotImport(f"{file}: cannot read: it has a NUL character in it")
        try:
            # As a file in text mode is read: any end of a line, and no mark in front.
            lines = text.removeprefix("\N{BYTE ORDER MARK}")
            self.parser.read_file(
                lines.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            )
        except configparser.Error as error:
            raise CannotImport(f"{file}: {_in_words(error)}") from None
        for section in self.parser.sections():
            self._homes.setdefault(section, file)

    def expand_here(self, folder: Path) -> None:
        """Replace ``%(here)s`` in all that was read by now."""
        for section in self.parser.sections():
            for key, value in self.parser.items(section):
                if _HERE in value:
                    self.parser.set(section, key, value.replace(_HERE, str(folder)))

    def included(self, environ: Mapping[str, str], host: str) -> list[Path]:
        """Return the files that ``[include]`` names, in supervisord's order."""
        patterns = self.parser.get("include", "files", fallback=None)
        if patterns is None:
            self.notes.append("[include] names no files; supervisord refuses that")
            return []
        known = {"here": str(self.file.parent), "host_node_name": host}
        try:
            expanded = expand_now(patterns, known, environ)
        except Unusable as error:
            raise CannotImport(f"{self.file}: [include] files: {error}") from None
        found: list[Path] = []
        for pattern in expanded.split():
            names = glob.glob(os.path.join(self.file.parent, pattern))  # noqa: PTH118, PTH207
            files = [Path(name) for name in sorted(names) if not Path(name).is_dir()]
            if not files:
                self.notes.append(f"[include] {pattern}: no file matches")
            found += files
        return found

    def source(self) -> Source:
        sections = []
        for written in self.parser.sections():
            kind, _, name = written.partition(":")
            options = dict(self.parser.items(written))
            sections.append(Section(kind, name.strip(), options, self._homes[written]))
        defaults = frozenset(self.parser.defaults())
        return Source(self.file, tuple(sections), tuple(self.notes), defaults)


def _in_words(error: configparser.Error) -> str:
    match error:
        case configparser.MissingSectionHeaderError():
            return f"line {error.lineno}: there is no [section] before this line"
        case configparser.ParsingError():
            number, line = error.errors[0]
            # What stands there may be a secret: only its place is told.
            del line
            return f'line {number}: neither "option = value" nor a [section]'
        case _:
            return error.message
