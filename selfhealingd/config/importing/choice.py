"""Which kind of file it is, and the text of the config that comes of it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from selfhealingd.config.files import CannotRead, read_text
from selfhealingd.config.importing.document import Key, Note, Table, written
from selfhealingd.config.importing.errors import CannotImport
from selfhealingd.config.importing.procfile import from_procfile, looks_like_procfile
from selfhealingd.config.importing.supervisord import from_supervisord

__all__ = ["CannotImport", "Imported", "import_file"]


class Imported(msgspec.Struct, frozen=True):
    """The config's text, and how much there is in it to look at.

    ``programs`` are the tables of programs that will run, ``disabled`` those that are
    commented out, ``comments`` the options that became comments.
    """

    text: str
    programs: int
    disabled: int
    comments: int


def import_file(file: Path, *, environ: Mapping[str, str], host: str) -> Imported:
    """Return a config for what ``file``, a supervisord.conf or a Procfile, describes.

    ``environ`` is the environment in which the programs will run, ``host`` this
    machine's name. Reads the file and what it includes, so it may block. Raises
    ``CannotImport``.
    """
    if str(file) == "-":
        raise CannotImport(
            "stdin is in no folder, and what a config includes lies beside it; save it"
            " to a file"
        )
    file = file.absolute()
    try:
        text = read_text(file)
    except CannotRead as error:
        raise CannotImport(f"{file}: {error}") from None
    if looks_like_procfile(file, text):
        tables = from_procfile(file, text)
    else:
        tables = from_supervisord(file, environ, host)
    whole = written(tables)
    try:
        whole.encode()
        tomllib.loads(whole)
    except UnicodeEncodeError:
        raise CannotImport(f"{file}: a path or a variable is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:  # never seen; better said than written
        raise CannotImport(f"{file}: cannot write it as TOML: {error}") from None
    return Imported(
        text=whole,
        programs=sum(_is_program(table) and not table.doubtful for table in tables),
        disabled=sum(_is_program(table) and table.doubtful for table in tables),
        comments=sum(_is_comment(line) for table in tables for line in table.lines),
    )


def _is_program(table: Table) -> bool:
    return table.header[:1] == ("program",)


def _is_comment(line: Key | Note) -> bool:
    return isinstance(line, Note) or line.doubtful
