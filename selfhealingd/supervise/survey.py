"""Which of an earlier daemon's processes run on as programs, and which are leftovers.

A program's process is known by the record of its pid and start time. One that was
started too late to be recorded is known by the marks in its environment, if it leads
its session, runs as the program's user, and is the first and only one to claim that
run: an environment can be forged, and what descends from a program bears its marks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from selfhealingd.supervise.leftovers import Leftover, Recorded


@dataclass(frozen=True, slots=True)
class Survey:
    """``leaders``: by program, its process that runs on. ``leftovers``: to be ended.

    What belongs to a program that runs on is in neither: it is of its tree.
    """

    leaders: Mapping[str, Leftover] = field(default_factory=dict)
    leftovers: tuple[Leftover, ...] = ()


def sort_out(
    found: Iterable[Leftover],
    recorded: Mapping[str, Recorded],
    uids: Mapping[str, int],
    *,
    uid: int,
) -> Survey:
    """Tell programs from leftovers.

    ``recorded``: of this boot, by program. ``uids``: whom programs run as where that
    is not ``uid``, the daemon's own user.
    """
    found = tuple(found)
    names = dict.fromkeys(one.program for one in found if one.program)
    leaders = {
        name: leader
        for name in names
        if (leader := _leader(name, found, recorded.get(name), uids.get(name, uid)))
    }
    left = tuple(one for one in found if one.program not in leaders)
    return Survey(leaders, left)


def _leader(
    program: str, found: Iterable[Leftover], record: Recorded | None, uid: int
) -> Leftover | None:
    claims = [one for one in found if one.program == program]
    if record is not None and record.identity is not None:
        for one in claims:
            if one.identity == record.identity:
                return one
    new = [one for one in claims if _unrecorded(one, record)]
    first = min((one.started for one in new), default=0)
    heads = [one for one in new if one.pid == one.session and one.uid == uid]
    # One that began later than others of its run is a descendant, its leader dead.
    return heads[0] if len(heads) == 1 and heads[0].started == first else None


def _unrecorded(one: Leftover, record: Recorded | None) -> bool:
    """Whether the record could not know the process of its run."""
    if one.run is None:
        return False
    if record is None:
        return True
    return one.run > record.run or (one.run == record.run and record.awaited)
