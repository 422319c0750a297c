"""The register knows whose each orphan is, and forgets in time."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from selfhealingd.supervise.handles import Pipe
from selfhealingd.supervise.identity import Identity, start_ticks
from selfhealingd.supervise.register import Orphan, Register

NOBODY = 2**22 - 1
"""A number that no process has."""


LEADER = Identity(NOBODY, 1)

PIPE = frozenset({(1, 2)})


@dataclass(frozen=True, eq=False)
class Program:
    identity: Identity = LEADER
    marks: Mapping[str, str] = field(default_factory=dict)
    pipes: frozenset[Pipe] = frozenset()


def _owner(
    register: Register,
    *,
    session: int = 1,
    marks: Mapping[str, str] | None = None,
    pipes: frozenset[Pipe] = frozenset(),
) -> object:
    orphan = Orphan(Identity(NOBODY, 7), session, marks=marks, pipes=pipes)
    return register._owner(orphan)


def _run(number: int) -> Mapping[str, str]:
    return {"SELFHEALINGD_PROGRAM": "web", "SELFHEALINGD_RUN": str(number)}


def test_by_where_it_writes_to() -> None:
    """Whoever has cleared his environment may have kept his stdout; marks tell more."""
    register, web, api = Register(), Program(pipes=PIPE), Program(marks=_run(1))
    register.enter(web)
    register.enter(api)
    assert web is _owner(register, marks={}, pipes=PIPE)
    assert api is _owner(register, marks=_run(1), pipes=PIPE)
    assert _owner(register, marks={}, pipes=frozenset({(1, 3)})) is None
    again = Program(pipes=PIPE)
    register.enter(again)
    register.leave(web)
    assert again is _owner(register, marks={}, pipes=PIPE)
    register.leave(again)
    assert _owner(register, marks={}, pipes=PIPE) is None


def test_by_session() -> None:
    """The session that a leader leads is its own, until its number is another's."""
    register, web = Register(), Program()
    register.enter(web)
    assert web is _owner(register, session=NOBODY)

    here = os.getpid()
    started = start_ticks(here)
    assert started is not None
    register.enter(Program(Identity(here, started - 1)))
    assert _owner(register, session=here) is None
    ours = Program(Identity(here, started))
    register.enter(ours)
    assert ours is _owner(register, session=here)


def test_by_marks() -> None:
    """Marks lead to the run that they name, else to a later one of its program."""
    register = Register()
    first, second = Program(marks=_run(1)), Program(marks=_run(2))
    register.enter(first)
    register.enter(second)
    assert first is _owner(register, marks=_run(1))
    assert second is _owner(register, marks=_run(2))
    register.leave(first)
    assert second is _owner(register, marks=_run(1))
    register.leave(second)
    assert _owner(register, marks=_run(2)) is None


def test_unmarked() -> None:
    """Nothing to go by leads to nobody, not even to an unmarked leader."""
    register = Register()
    register.enter(Program())
    assert _owner(register) is None
    assert _owner(register, marks={}) is None
    assert _owner(register, marks=_run(1)) is None


def test_by_sight() -> None:
    """Who was seen as a member is one, as long as exactly he runs."""
    register, web = Register(), Program()
    register.enter(web)
    here = os.getpid()
    started = start_ticks(here)
    assert started is not None
    register.saw(web, [Identity(here, started), Identity(NOBODY, 7)])
    assert web is _owner(register)

    register.saw(web, [])  # forgets who is gone by now
    assert _owner(register) is None
    seen = register.orphan(here)
    assert seen is not None
    assert web is seen.owner

    register.leave(web)
    assert seen.owner is None


def test_waited_for() -> None:
    """A status is somebody's from the start to the reaping, or until he gives up."""
    register, web = Register(), Program()
    assert not register.waited_for(NOBODY)
    register.enter(web)
    assert register.waited_for(NOBODY)
    register.reaped(NOBODY)
    assert not register.waited_for(NOBODY)

    register.enter(web)
    register.leave(web)
    assert not register.waited_for(NOBODY)

    register.enter(web, waited_for=False)
    assert not register.waited_for(NOBODY)


def test_a_new_bearer_of_the_number() -> None:
    """A leader that leaves late takes nothing from a younger one with its number."""
    register, old, young = Register(), Program(), Program()
    register.enter(old)
    register.reaped(NOBODY)
    register.enter(young)
    register.leave(old)
    assert register.waited_for(NOBODY)
    assert young is _owner(register, session=NOBODY)


def test_the_gone_are_unknown() -> None:
    """There is nothing to know of a process that is not there."""
    assert Register().orphan(NOBODY) is None
