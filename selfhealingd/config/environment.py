"""Strings that may be the contents of files: an ``environment``, or secrets."""

from typing import Annotated

import msgspec

from selfhealingd.config import values
from selfhealingd.config.files import CannotRead, read_text
from selfhealingd.config.mistakes import Spot
from selfhealingd.config.table import Reader, Wrong, as_table, read_table, read_value


class FromFile(msgspec.Struct, frozen=True):
    """``{ file = "path" }``: a value that is kept out of the config."""

    file: Annotated[str, Reader(values.path, required=True)] = ""


def environment(raw: object, spot: Spot) -> dict[str, str]:
    """Return the variables of an ``environment`` table, files read."""
    variables: dict[str, str] = {}
    for name, value in (as_table(raw, spot) or {}).items():
        at = spot.at(name)
        if not name or "=" in name or "\0" in name:
            at.wrong("not a variable's name", 'it must not be empty nor contain "="')
            continue
        try:
            variables[name] = text_or_file(value, at)
        except Wrong:
            continue  # it has been noted; other variables may be wrong as well
    return variables


def text_or_file(value: object, spot: Spot) -> str:
    """Return a string, or the content of a file; raises Wrong after noting why not."""
    if isinstance(value, dict):
        return _from_file(value, spot)
    return str(read_value(Reader(_text), value, spot))


def texts_or_files(value: object, spot: Spot) -> tuple[str, ...]:
    """Return strings, from a list or a single one; a file has one in each line.

    Empty lines of a file, and those that begin with ``#``, are none.
    """
    found: list[str] = []
    for one in value if isinstance(value, list) else [value]:
        text = text_or_file(one, spot)
        lines = text.splitlines() if isinstance(one, dict) else [text]
        found += (line.strip() for line in lines if line.strip()[:1] not in {"", "#"})
    return tuple(found)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise values.Expected('a string or { file = "path" }')


def _from_file(value: object, spot: Spot) -> str:
    """Return a file's content without the newline at its end.

    The path is relative to the config file's folder. The content is taken as it is: no
    variable in it is expanded.
    """
    table, wrong = read_table(FromFile, value, spot)
    if table is None or wrong:
        raise Wrong
    file = spot.folder / table.file
    try:
        content = read_text(file)
    except CannotRead as error:
        spot.at("file").wrong(f"{file}: {error}")
        raise Wrong from None
    if "\0" in content:
        spot.at("file").wrong(f"{file}: must not contain a NUL character")
        raise Wrong
    value = content.removesuffix("\n").removesuffix("\r")
    spot.secrets[value] = None
    return value
