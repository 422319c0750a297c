"""A supervisord.conf as a whole: which section becomes what, and in which order."""

from collections.abc import Mapping
from pathlib import Path

from selfhealingd.config.importing import advice
from selfhealingd.config.importing.daemon import daemon_tables
from selfhealingd.config.importing.document import Table
from selfhealingd.config.importing.errors import CannotImport
from selfhealingd.config.importing.fcgi import Sockets
from selfhealingd.config.importing.groups import (
    group_tables,
    grouped,
    groups,
    priorities,
)
from selfhealingd.config.importing.logs import agree
from selfhealingd.config.importing.names import Names
from selfhealingd.config.importing.programs import Made, Maker
from selfhealingd.config.importing.reading import Section, read_source
from selfhealingd.config.importing.surroundings import surroundings

_RUN = ("program", "eventlistener", "fcgi-program")


def from_supervisord(file: Path, environ: Mapping[str, str], host: str) -> list[Table]:
    """Return the tables that say what ``file`` and those that it includes said.

    ``environ`` is the environment that supervisord would have, ``host`` the machine's
    name. Raises ``CannotImport``.
    """
    source = read_source(file, environ, host)
    if not source.sections:
        raise CannotImport(f"{file}: there is no section in it")
    around = surroundings(source, environ, host)
    found = groups(source, around)
    maker = Maker(
        around=around,
        names=Names(),
        sockets=Sockets(around),
        grouped=grouped(found),
        priorities=priorities(source, found, around),
    )
    made: dict[str, Made] = {}
    tables: list[Table] = []
    for section in source.sections:
        if section.kind not in _RUN:
            continue
        one = maker.made(section)
        _tell_file(one, section, file)
        tables += one.tables
        if section.kind == "program":
            made[section.name] = one
        elif section.kind == "fcgi-program":
            made.setdefault(section.name, one)
    agree(tables)
    head = Table(before=(f"Made by selfhealingd --import from {file}", *advice.HEADER))
    return [
        head,
        *(Table(before=(note,)) for note in source.notes),
        *daemon_tables(source, around),
        *tables,
        *group_tables(found, made, maker.names),
    ]


def _tell_file(made: Made, section: Section, main: Path) -> None:
    if section.file != main and made.tables:
        first = made.tables[0]
        first.before = (f"from {section.file}", *first.before)
