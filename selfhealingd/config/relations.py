"""How programs belong together: groups, and who depends on whom."""

from collections.abc import Mapping

from msgspec.structs import replace

from selfhealingd.config.mistakes import Spot, likely
from selfhealingd.config.schema import GroupTable
from selfhealingd.config.table import read_table
from selfhealingd.core.graph import Condition, find_cycle
from selfhealingd.core.policy import Program


def join_groups(
    programs: Mapping[str, Program], groups: list[tuple[str, object, Spot]]
) -> dict[str, Program]:
    """Return the programs with the groups that ``[group.NAME]`` puts them in.

    A group may name programs, or another program's processes by its name.
    """
    joined = dict(programs)
    taken: dict[str, str] = {}
    for name, raw, spot in groups:
        if name in programs:
            spot.wrong("a program has this name", "choose another one")
        table, _ = read_table(GroupTable, raw, spot)
        for member in table.programs if table is not None else ():
            here = spot.at("programs")
            found = members(programs, member)
            if not found:
                here.wrong(f'no such program: "{member}"', likely(member, programs))
            for one in found:
                if taken.setdefault(one, name) != name:
                    here.wrong(f'"{one}" is in group "{taken[one]}" already')
                joined[one] = replace(joined[one], group=name)
    return joined


def check_needs(
    programs: dict[str, Program], spots: Mapping[str, Spot]
) -> dict[str, Program]:
    """Return the programs with names of groups in ``depends_on`` made into programs.

    Notes names that don't exist, and circles, with the path.
    """
    resolved = dict(programs)
    for name, program in programs.items():
        needs: dict[str, Condition] = {}
        for need, condition in program.depends_on.items():
            found = members(programs, need)
            if not found:
                known = (*programs, *filter(None, (p.group for p in programs.values())))
                here = spots[name].at("depends_on").at(need)
                here.wrong("no such program or group", likely(need, known))
            needs |= dict.fromkeys(found, condition)
        if needs != program.depends_on:
            resolved[name] = replace(program, depends_on=needs)
    cycle = find_cycle({name: p.depends_on for name, p in resolved.items()})
    if cycle is not None:
        path = " -> ".join(cycle)
        here = spots[cycle[0]].at("depends_on")
        here.wrong(f"goes round in a circle: {path}", "leave out one of these")
    return resolved


def members(programs: Mapping[str, Program], name: str) -> tuple[str, ...]:
    """The program of that name, or all programs of that group."""
    if name in programs:
        return (name,)
    return tuple(n for n, program in programs.items() if program.group == name)
