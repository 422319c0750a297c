"""Groups: who belongs together, and in which order all start."""

from collections.abc import Mapping

import msgspec

from selfhealingd.config.importing.document import Key, Note, Table
from selfhealingd.config.importing.errors import Unusable
from selfhealingd.config.importing.expansion import expand_now
from selfhealingd.config.importing.names import Names, usable
from selfhealingd.config.importing.options import integer
from selfhealingd.config.importing.programs import Made
from selfhealingd.config.importing.reading import Section, Source
from selfhealingd.config.importing.surroundings import Surroundings

_DEFAULT = 999


class Group(msgspec.Struct, frozen=True):
    """A group as it was: its name, its programs by their old names, its priority."""

    name: str
    programs: tuple[str, ...]
    priority: int


def groups(source: Source, around: Surroundings) -> list[Group]:
    """Return the groups that were written."""
    found = []
    for section in source.all("group"):
        values = around.values(group_name=section.name)
        try:
            listed = expand_now(
                section.options.get("programs", ""), values, around.environ
            )
        except Unusable:
            listed = ""
        programs = [name.strip() for name in listed.split(",")]
        priority = _priority(section, around)
        found.append(Group(section.name, tuple(filter(None, programs)), priority))
    return found


def grouped(found: list[Group]) -> dict[str, str]:
    """Return the first group that each program is in."""
    names: dict[str, str] = {}
    for group in found:
        for program in group.programs:
            names.setdefault(program, group.name)
    return names


def priorities(
    source: Source, found: list[Group], around: Surroundings
) -> dict[str, Key]:
    """Return the priorities that programs need so that all start in the same order.

    supervisord orders groups, then programs within each; here all programs stand in one
    order. Empty when their own priorities already give that order.
    """
    of_group = {group.name: group.priority for group in found}
    inside = grouped(found)
    order: dict[str, tuple[int, int]] = {}
    for section in source.all("program"):
        own = _priority(section, around)
        group = inside.get(section.name)
        order[section.name] = (own if group is None else of_group[group], own)
    ranked = sorted(set(order.values()))
    if [own for _, own in ranked] == sorted(own for _, own in ranked):
        return {}
    return {
        name: Key("priority", ranked.index(place) + 1, _was(place, name, inside))
        for name, place in order.items()
    }


def _was(place: tuple[int, int], name: str, inside: Mapping[str, str]) -> str:
    if name not in inside:
        return f"was {place[1]}; renumbered, as groups have no priority here"
    return f"was {place[1]}, in group {inside[name]} of priority {place[0]}"


def _priority(section: Section, around: Surroundings) -> int:
    written = section.options.get("priority")
    if written is None:
        return _DEFAULT
    names = {"program_name": section.name, "group_name": section.name}
    try:
        return integer(expand_now(written, around.values(**names), around.environ))
    except Unusable:
        return _DEFAULT


def group_tables(
    found: list[Group], made: Mapping[str, Made], names: Names
) -> list[Table]:
    """Return a table for each group that selfhealingd needs to be told of."""
    taken: dict[str, str] = {}
    wanted = list(found)
    inside = grouped(found)
    # Processes with tables of their own are held together by nothing else.
    wanted += [
        Group(name, (name,), _DEFAULT)
        for name, program in made.items()
        if program.scattered and name not in inside
    ]
    return [_table(group, made, names, taken) for group in wanted]


def _table(
    group: Group, made: Mapping[str, Made], names: Names, taken: dict[str, str]
) -> Table:
    notes: list[Note] = []
    members: list[str] = []
    for program in group.programs:
        if program not in made or not made[program].members:
            why = "is not run here" if program in made else "there is no such program"
            notes.append(Note(f"{program}: {why}; left out"))
        elif taken.setdefault(program, group.name) != group.name:
            said = (
                f"{program}: is in group {taken[program]}, and supervisord ran it twice"
            )
            notes.append(Note(f"{said}; for a second one, write it under another name"))
        else:
            members += made[program].members
    if not members or members == [group.name]:
        why = "nothing of it is left" if not members else "named as its only program"
        table = Table(before=(f"[group:{group.name}]: not needed: {why}",), lines=[])
        table.lines += notes
        return table
    name = usable(group.name)
    if names.taken(name):
        name = names.claim(name)
    lines: list[Key | Note] = [Key("programs", members), *notes]
    if name != group.name:
        lines.append(Note(f"was called {group.name}"))
    if group.priority != _DEFAULT:
        said = f"priority={group.priority}: groups have none; the programs' own decide"
        lines.append(Note(said))
    return Table(("group", name), lines)
