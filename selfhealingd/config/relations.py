"""How programs belong together: groups, dependencies, and files that they share."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from selfhealingd.config.mistakes import Spot, likely
from selfhealingd.config.named import Named
from selfhealingd.config.schema import GroupTable
from selfhealingd.config.table import read_table
from selfhealingd.core.graph import Condition, find_cycle
from selfhealingd.core.launch import Launch
from selfhealingd.core.output import LogTo
from selfhealingd.core.policy import Program


def join_groups(
    programs: Mapping[str, Program], groups: Iterable[Named]
) -> dict[str, Program]:
    """Return the programs with the groups that ``[group.NAME]`` puts them in.

    A group may name programs, or another program's processes by its name.
    """
    joined = dict(programs)
    taken: dict[str, str] = {}
    names = {name.lower() for name in programs}
    copied = {program.copy_of for program in programs.values() if program.copy_of}
    for group in groups:
        name, spot = group.name, group.spot
        table, _ = read_table(GroupTable, group.raw, spot)
        listed = table.programs if table is not None else ()
        # With its processes among others, a program's name means all of the group.
        if name.lower() in names or (name in copied and name not in listed):
            spot.wrong("a program has this name", "choose another one")
        for member in listed:
            here = spot.at("programs")
            found = members(programs, member)
            if not found:
                known = (*programs, *copied)
                here.wrong(f'no such program: "{member}"', likely(member, known))
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
                groups = (group for p in programs.values() for group in p.groups)
                known = (*programs, *groups)
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


def misfit(programs: Mapping[str, Program]) -> str | None:
    """Say why programs of several readings of a config can't be together, if so."""
    for name, program in programs.items():
        for need in program.depends_on:
            if need not in programs:
                return f"{name} depends on {need}, which would not be there"
    cycle = find_cycle({name: p.depends_on for name, p in programs.items()})
    if cycle is not None:
        return f"dependencies would go round in a circle: {' -> '.join(cycle)}"
    return None


def members(programs: Mapping[str, Program], name: str) -> tuple[str, ...]:
    """The program of that name, or all programs of that group."""
    if name in programs:
        return (name,)
    return tuple(n for n, program in programs.items() if name in program.groups)


def check_logs(launches: Mapping[str, Launch], spots: Mapping[str, Spot]) -> None:
    """Note the one pair of names of which the usual log files are the same file."""
    for name, launch in launches.items():
        other, log = f"{name}.err", launch.stderr
        if other not in launches or not isinstance(log, LogTo):
            continue
        if log == launches[other].stdout:
            spots[other].wrong(
                f'its log would be that of the errors of "{name}": {log.path}',
                "choose another name, or set stdout_logfile",
            )
