"""Groups, and who depends on whom."""

import pytest
from config.conftest import Load, Wrong

from selfhealingd.config.relations import misfit
from selfhealingd.core.graph import Condition
from selfhealingd.core.policy import Program

THREE = """
[program.db]
command = "true"
[program.web]
command = "true"
numprocs = 2
[program.job]
command = "true"
"""


def test_processes_of_one_program_are_its_group(load: Load) -> None:
    """Under the program's name; the others have none."""
    programs = load(THREE).policy.programs
    assert {"db": None, "web_00": "web", "web_01": "web", "job": None} == {
        name: program.group for name, program in programs.items()
    }


def test_a_group_joins_programs(load: Load) -> None:
    """Also the processes of one, by its name."""
    programs = load(THREE + '[group.all_of]\nprograms = ["db", "web"]').policy.programs
    assert {"all_of"} == {programs[n].group for n in ("db", "web_00", "web_01")}


def test_processes_in_a_group_keep_their_own_name(load: Load) -> None:
    """Both mean them: on the command line, and in a dependency."""
    config = load(
        THREE
        + '[group.all_of]\nprograms = ["db", "web"]\n'
        + '[program.x]\ncommand = "true"\ndepends_on = {web = "ready"}'
    )
    programs = config.policy.programs
    assert ("all_of", "web") == programs["web_00"].groups
    assert ("all_of",) == programs["db"].groups
    assert {"web_00", "web_01"} == programs["x"].depends_on.keys()


def test_a_dependency_on_a_group_is_one_on_each_member(load: Load) -> None:
    """With the same condition."""
    config = load(THREE + '[program.x]\ncommand = "true"\ndepends_on = {web = "ready"}')
    assert {"web_00": Condition.READY, "web_01": Condition.READY} == (
        config.policy.programs["x"].depends_on
    )


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (
            '[program.x]\ncommand = "true"\ndepends_on = {dbb = "ready"}',
            'program.x.depends_on.dbb: no such program or group; did you mean "db"?',
        ),
        (
            '[program.x]\ncommand = "true"\ndepends_on = {db = "up"}',
            (
                "program.x.depends_on.db: expected one of"
                ' "started", "ready", "healthy", "completed", got "up"'
            ),
        ),
        (
            (
                '[program.a]\ncommand = "true"\ndepends_on = {b = "ready"}\n'
                '[program.b]\ncommand = "true"\ndepends_on = {a = "ready"}'
            ),
            "goes round in a circle: a -> b -> a; leave out one of these",
        ),
        (
            '[program.x]\ncommand = "true"\ndepends_on = {x = "ready"}',
            "goes round in a circle: x -> x",
        ),
        (
            '[group.g]\nprograms = ["nope"]',
            'group.g.programs: no such program: "nope"',
        ),
        (
            '[group.g]\nprograms = ["db"]\n[group.h]\nprograms = ["db"]',
            'group.h.programs: "db" is in group "g" already',
        ),
        ('[group.db]\nprograms = ["job"]', "group.db: a program has this name"),
        (
            '[program.web_00]\ncommand = "true"',
            "has the name of another program",
        ),
        (
            '[program.WEB_00]\ncommand = "true"',
            'program.WEB_00: its process "WEB_00" has the name of another program',
        ),
        ('[group.Db]\nprograms = ["job"]', "group.Db: a program has this name"),
        ('[group.web]\nprograms = ["job"]', "group.web: a program has this name"),
        (
            '[group.g]\nprograms = ["wep"]',
            'group.g.programs: no such program: "wep"; did you mean "web"?',
        ),
        (
            '[program."db.err"]\ncommand = "true"',
            'its log would be that of the errors of "db": ',
        ),
    ],
)
def test_what_does_not_fit_together(wrong: Wrong, text: str, mistake: str) -> None:
    """Told with the path, or the likely right name."""
    assert any(mistake in line for line in wrong(THREE + text))


def test_a_mistake_in_many_processes_is_told_once(wrong: Wrong) -> None:
    """Not once for each of them."""
    text = '[program.x]\ncommand = "true"\nnumprocs = 50\nstartsecs = "soon"'
    assert 1 == len(wrong(text))


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ({}, None),
        ({"a": "b"}, None),
        ({"a": "x"}, "a depends on x, which would not be there"),
        (
            {"a": "b", "b": "a"},
            "dependencies would go round in a circle: a -> b -> a",
        ),
    ],
)
def test_programs_of_several_readings(needs: dict[str, str], words: str | None) -> None:
    """Each may be right by itself, and wrong beside the others."""
    programs = {
        name: Program(
            name=name,
            depends_on={needs[name]: Condition.READY} if name in needs else {},
        )
        for name in ("a", "b")
    }
    assert words == misfit(programs)
