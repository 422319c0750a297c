"""A program's section: one table, or several where its processes differ too much."""

from pathlib import Path

import msgspec

from selfhealingd.config.copies import MOST, copies
from selfhealingd.config.importing import advice, fcgi, options
from selfhealingd.config.importing.document import Key, Note, Table
from selfhealingd.config.importing.errors import Unusable
from selfhealingd.config.importing.expansion import (
    Values,
    expand,
    expand_now,
    with_number,
)
from selfhealingd.config.importing.fcgi import Sockets
from selfhealingd.config.importing.lines import Expand, Process
from selfhealingd.config.importing.names import Names, usable
from selfhealingd.config.importing.options import Numbers, integer
from selfhealingd.config.importing.processes import process_table
from selfhealingd.config.importing.reading import Section
from selfhealingd.config.importing.surroundings import Surroundings
from selfhealingd.config.mistakes import Spot

_BEFORE = {"eventlistener": advice.LISTENER}
_PLAIN = "%(program_name)s"
_NOWHERE = Spot(Path(), {}, [])


class Made(msgspec.Struct, frozen=True):
    """What became of a section: its tables, and what our groups call its processes.

    ``members`` is empty when nothing of it runs; ``scattered`` when the processes have
    tables of their own and only a group would hold them together.
    """

    name: str
    tables: list[Table]
    members: tuple[str, ...] = ()
    scattered: bool = False


class Maker(msgspec.Struct, frozen=True):
    """Makes tables from sections; ``grouped`` says which group each section is in."""

    around: Surroundings
    names: Names
    sockets: Sockets
    grouped: dict[str, str]
    priorities: dict[str, Key]

    def made(self, section: Section) -> Made:
        """Return what becomes of a program, event listener or FastCGI program."""
        values = self._values(section, Numbers())
        numbers, notes = _numbers(section, values, self.around)
        if section.kind != fcgi.KIND:
            return self._programs(section, numbers, notes)
        try:
            socket = self.sockets.table(section, values)
        except Unusable as error:
            return self._not_run(section, numbers, f"cannot be run: {error}", notes)
        made = self._programs(section, numbers, notes, socket.header[1])
        made.tables.insert(0, socket)
        return made

    def _programs(
        self,
        section: Section,
        numbers: Numbers,
        notes: list[Note],
        socket: str | None = None,
    ) -> Made:
        processes = [self._process(section, numbers, n, socket) for n in numbers.range]
        wanted, odd = self._process_names(section, numbers)
        kind = section.kind
        if kind in _BEFORE or not processes:
            said = _BEFORE.get(kind, "no processes")
            return self._not_run(section, numbers, said, [*notes, *odd])
        if "%(process_num)" not in section.options.get("process_name", _PLAIN):
            if numbers.numprocs == 1:
                return self._one(section, processes[0], [*notes, *odd])
        elif _standard(section, wanted):
            made = self._numbered(numbers, processes, [*notes, *odd])
            if made is not None:
                return made
        return self._each(section, processes, wanted, [*notes, *odd])

    def _not_run(
        self, section: Section, numbers: Numbers, why: str, notes: list[Note]
    ) -> Made:
        process = self._process(section, numbers, numbers.start, None)
        table = process_table(process, ("program", usable(section.name)))
        if numbers.numprocs > 1:
            table.lines.insert(1, Key("numprocs", numbers.numprocs))
        table.doubtful = True
        table.before = (f"[{section.kind}:{section.name}]: {why}", *table.before)
        table.lines += notes
        return Made(section.name, [table])

    def _values(self, section: Section, numbers: Numbers) -> dict[str, str | int]:
        group = self.grouped.get(section.name, section.name)
        named = {"program_name": section.name, "group_name": group}
        return {**self.around.values(), **named, "numprocs": numbers.numprocs}

    def _process(
        self, section: Section, numbers: Numbers, number: int, socket: str | None
    ) -> Process:
        return Process(
            section=section,
            values=self._values(section, numbers) | {"process_num": number},
            expand=lambda text, values: expand(text, values, self.around.environ),
            around=self.around,
            priority=self.priorities.get(section.name),
            socket=socket,
        )

    def _numbering(self) -> Expand:
        return lambda text, values: with_number(text, values, self.around.environ)

    def _process_names(
        self, section: Section, numbers: Numbers
    ) -> tuple[list[str], list[Note]]:
        """Return what supervisord calls the processes, and what is wrong with that."""
        written = section.options.get("process_name", _PLAIN)
        names: list[str] = []
        for number in numbers.range:
            values = self._values(section, numbers) | {"process_num": number}
            try:
                names.append(expand_now(written, values, self.around.environ))
            except Unusable as error:
                said = f"{options.shown('process_name', written)}: {error}"
                return _by_number(section.name, numbers), [Note(said)]
        if len(set(names)) == len(names):
            return names, []
        said = f"process_name={options.show(written)}: the same for several processes"
        return _by_number(section.name, numbers), [Note(said)]

    def _one(self, section: Section, process: Process, notes: list[Note]) -> Made:
        name = self.names.claim(section.name)
        written = section.options.get("process_name", _PLAIN)
        if not notes and written not in {_PLAIN, section.name}:
            said = options.shown("process_name", written)
            notes = [Note(f"{said}: a single process is called as its program here")]
        table = process_table(process, ("program", name))
        table.lines += [*notes, *_renamed(section.name, name)]
        return Made(section.name, [table], () if table.doubtful else (name,))

    def _numbered(
        self, numbers: Numbers, processes: list[Process], notes: list[Note]
    ) -> Made | None:
        """Return one table with ``numprocs``; None when it would not say the same."""
        if numbers.numprocs > MOST:
            return None
        section = processes[0].section
        values = self._values(section, numbers)
        all_of_them = msgspec.structs.replace(
            processes[0], values=values, expand=self._numbering()
        )
        table = process_table(all_of_them, ())
        each = [_effective(process_table(process, ())) for process in processes]
        filled = [
            filled
            for _, filled in copies(
                "program",
                _effective(table) | {"numprocs": numbers.numprocs},
                _NOWHERE,
            )
        ]
        if table.doubtful or filled != each:
            return None
        endings = tuple(f"_{number:02d}" for number in numbers.range)
        name = self.names.claim(section.name, endings)
        table.header = ("program", name)
        table.lines.insert(1, Key("numprocs", numbers.numprocs))
        table.lines += [*notes, *_renamed(section.name, name)]
        return Made(section.name, [table], (name,))

    def _each(
        self,
        section: Section,
        processes: list[Process],
        wanted: list[str],
        notes: list[Note],
    ) -> Made:
        tables: list[Table] = []
        members: list[str] = []
        for process, name in zip(processes, wanted, strict=True):
            table = process_table(process, ("program", self.names.claim(name)))
            tables.append(table)
            if not table.doubtful:
                members.append(table.header[1])
        if tables:
            tables[0].lines += notes
        return Made(section.name, tables, tuple(members), scattered=True)


def _numbers(
    section: Section, values: Values, around: Surroundings
) -> tuple[Numbers, list[Note]]:
    """Return how many processes there are, and what is wrong with how that is said."""
    found = {"numprocs": 1, "numprocs_start": 0}
    notes = []
    for option, default in tuple(found.items()):
        if option not in section.options:
            continue
        written = section.options[option]
        try:
            found[option] = integer(expand_now(written, values, around.environ))
        except Unusable as error:
            said = options.shown(option, written)
            notes.append(Note(f"{said}: {error}; taken as {default}"))
            continue
        if "%(ENV_" in written:
            said = options.shown(option, written)
            notes.append(Note(f"{said}: {found[option]} at the time of the import"))
    return Numbers(found["numprocs"], found["numprocs_start"]), notes


def _standard(section: Section, wanted: list[str]) -> bool:
    """Tell whether supervisord calls the processes as ``numprocs`` does."""
    return wanted == [f"{section.name}_{number:02d}" for number in range(len(wanted))]


def _by_number(name: str, numbers: Numbers) -> list[str]:
    return [f"{name}_{number:02d}" for number in numbers.range]


def _renamed(old: str, new: str) -> list[Note]:
    return [] if old == new else [Note(f"was called {old}")]


def _effective(table: Table) -> dict[str, object]:
    """Return what a table says, without its comments."""
    found: dict[str, object] = {
        line.key: line.value
        for line in table.lines
        if isinstance(line, Key) and not line.doubtful
    }
    return found | {"environment": table.environment, "doubtful": table.doubtful}
