"""A config is either usable as a whole, or every mistake in it is named."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.config import Config, ConfigError, load_config
from selfhealingd.config.schema import (
    CheckTable,
    ControlTable,
    DaemonTable,
    HealingTable,
    HookTable,
    HostTable,
    LivenessTable,
    ProgramTable,
    ReadinessTable,
    RunbookTable,
    SocketTable,
    StartupTable,
    TaskTable,
    WebTable,
)
from selfhealingd.core.policy import BreakerPolicy, Policy

Load = Callable[..., Config]
Wrong = Callable[..., list[str]]
KINDS = (
    DaemonTable,
    ControlTable,
    HealingTable,
    ProgramTable,
    StartupTable,
    ReadinessTable,
    LivenessTable,
    SocketTable,
    HookTable,
    RunbookTable,
    TaskTable,
    HostTable,
    CheckTable,
    WebTable,
)
ETC = Path(__file__).parents[2] / "etc"


def test_defaults(load: Load, tmp_path: Path) -> None:
    """A config without programs is fine, and has the design's numbers."""
    config = load("# nothing yet\n")
    assert tmp_path / "main.toml" == config.file
    assert (config.file,) == config.files
    assert Policy() == config.policy
    assert {} == config.launches
    assert {} == config.tasks
    assert Path("/var/lib/selfhealingd") == config.daemon.state_dir
    assert Path("/run/selfhealingd/control.sock") == config.control.socket


def test_engine(load: Load) -> None:
    """[healing] reaches the engine, its own breaker and every program."""
    config = load(
        """
        [healing]
        open_after = 3
        open_secs = "30s"
        permanent_after = 6
        dormant_after = 8
        systemic_share = 0
        max_concurrent_remedies = 0.5
        max_remedies_per_hour = 7
        verify_secs = 2
        [program.web]
        command = "web"
        healing = { open_after = 4 }
        """
    )
    policy = config.policy
    assert BreakerPolicy(open_after=3, open_secs=30.0, permanent_after=8) == policy.main
    assert 8 == policy.dormant_after
    assert (0.0, 0.5, 7) == (
        policy.systemic_share,
        policy.max_concurrent_remedies,
        policy.max_remedies_per_hour,
    )
    healing = policy.programs["web"].healing
    assert 2.0 == healing.verify_secs
    assert (
        BreakerPolicy(open_after=4, open_secs=30.0, permanent_after=6)
        == healing.breaker
    )


def test_dormant_before_open(load: Load) -> None:
    """An engine that goes dormant before breakers open is possible."""
    main = load("[healing]\ndormant_after = 2").policy.main
    assert (2, 2) == (main.open_after, main.permanent_after)


def test_every_mistake_at_once(wrong: Wrong) -> None:
    """Mistakes of all kinds are told together, each with file, key and help."""
    text = """
    state_dir = "x"
    [programs.x]
    [healing]
    verify_secs = 0
    [program.web]
    comand = "web"
    stopsignl = "TERM"
    startsecs = "soon"
    killasgroup = false
    user = "no-such-user"
    [tasks.prune]
    command = "prune"
    """
    expected = """
main.toml: state_dir: unknown key; it belongs in [daemon]
main.toml: programs: unknown table; did you mean "program"?
main.toml: healing.verify_secs: expected a duration longer than 0, such as 1 or "10s",\
 got 0
main.toml: program.web.comand: unknown key; did you mean "command"?
main.toml: program.web.stopsignl: unknown key; did you mean "stopsignal"?
main.toml: program.web.startsecs: expected a duration such as 1 or "10s", got "soon"
main.toml: program.web.command: missing, and there is no default
main.toml: program.web.killasgroup: killasgroup = false cannot be with\
 stopasgroup = true (the default); set stopasgroup = false as well,\
 or leave killasgroup out
main.toml: program.web.user: "no-such-user": there is no such user on this machine
main.toml: tasks.prune.every: missing, and there is no default
"""
    assert expected.strip().split("\n") == wrong(text)


def test_bad_key_causes_no_second_mistake(wrong: Wrong) -> None:
    """What a wrong value would have meant is not guessed at."""
    assert 1 == len(wrong('[healing]\nopen_after = "x"\npermanent_after = 2'))
    assert 1 == len(wrong("[daemon]\ntasks_caution = 0\ntasks_overload = 3"))
    assert 1 == len(
        wrong('[program.a]\ncommand="a"\nstopasgroup = "x"\nkillasgroup = false')
    )


def test_includes(load: Load, tmp_path: Path) -> None:
    """Included files bring programs and tasks, paths relative to their own folder."""
    config = load(
        '[program.a]\ncommand = "./a"',
        b='[program.b]\ncommand = "./b"\ndirectory = "x"',
        c='[tasks.c]\ncommand = "c"\nevery = 5',
    )
    folder = tmp_path / "conf.d"
    assert (config.file, folder / "b.toml", folder / "c.toml") == config.files
    assert {"a", "b"} == config.launches.keys() == config.policy.programs.keys()
    assert (f"{tmp_path}/a",) == config.launches["a"].argv
    assert (f"{folder}/b",) == config.launches["b"].argv
    assert folder / "x" == config.launches["b"].directory
    assert {"c"} == config.tasks.keys()


def test_main_file_is_not_included_twice(load: Load) -> None:
    """A pattern that matches the main file, or one file twice, does no harm."""
    text = '[daemon]\ninclude = ["*.toml", "conf.d/*", "conf.d/b.toml"]'
    assert 2 == len(load(text, b="# empty").files)


def test_mistakes_in_included_files(wrong: Wrong) -> None:
    """Settings of the daemon, and a name used twice, are refused in included files."""
    lines = wrong(
        '[program.a]\ncommand = "a"',
        b='[daemon]\n[tasc]\n[program.a]\ncommand = "b"\nstopsignal = "BOO"',
        c="oops",
    )
    assert [
        "conf.d/b.toml: daemon: not in an included file; it belongs in main.toml",
        (
            "conf.d/b.toml: program.a.stopsignal: expected a signal such as "
            '"TERM" or 15, got "BOO"'
        ),
        "conf.d/b.toml: program.a: main.toml has one of this name already",
        'conf.d/b.toml: tasc: unknown table; did you mean "tasks"?',
    ] == sorted(lines)[:4]
    assert sorted(lines)[4].startswith("conf.d/c.toml: not valid TOML: Expected '='")
    assert 5 == len(lines)


def test_include_folder(load: Load, wrong: Wrong, tmp_path: Path) -> None:
    """A named folder must exist; matches in it, and the default one, need not."""
    folder, file = wrong('[daemon]\ninclude = ["nope/*.toml", "nope.toml"]')
    start = 'main.toml: daemon.include: "nope/*.toml": cannot look into nope: no such'
    assert folder.startswith(start)
    assert "nope.toml: cannot read: no such file or directory" == file
    assert 1 == len(wrong('[daemon]\ninclude = ["more.d/*.toml"]'))
    (tmp_path / "more.d").mkdir()
    assert 1 == len(load('[daemon]\ninclude = ["more.d/*.toml"]').files)
    assert 1 == len(load('[daemon]\ninclude = ["conf.d/*.toml"]').files)


@pytest.mark.parametrize("name", ["a b", "ä", ".", "-x", "x" * 65, ""])
def test_unusable_names(wrong: Wrong, name: str) -> None:
    """A name must be safe on a command line and in a file's name."""
    for table in ("program", "tasks"):
        text = f'[{table}."{name}"]\ncommand = "a"\n'
        assert any("not a usable name" in line for line in wrong(text))


def test_name_all(wrong: Wrong) -> None:
    """No program is called "all", because that means all programs."""
    assert 'the name "all" means' in wrong('[program.all]\ncommand = "a"')[0]


@pytest.mark.parametrize("table", ["program", "tasks"])
def test_names_that_differ_in_case_alone(wrong: Wrong, table: str) -> None:
    """They would be told apart by nobody who hears them."""
    one = 'command = "x"\n' + ("every = 5\n" if table == "tasks" else "")
    [line] = wrong(f"[{table}.Web]\n{one}[{table}.web]\n{one}")
    assert f'{table}.web: differs only in case from "Web" in main.toml' in line


def test_the_daemons_own_tasks_have_their_names(wrong: Wrong) -> None:
    """In every case."""
    [line] = wrong('[tasks.Self-Check]\ncommand = "x"\nevery = 5')
    assert 'tasks.Self-Check: the daemon has a task "self-check" of its own' in line


def test_a_table_written_twice_hides_no_other_mistake(wrong: Wrong) -> None:
    """Both places are named, and what is wrong in either of them, or elsewhere."""
    lines = wrong(
        """
        [program.web]
        command = "x"
        startsecs = "soon"
        [program.api]
        comand = "x"
        [ program . "web" ]  # copied
        command = "y"
        priority = "high"
        """
    )
    expected = (
        "main.toml: program.api.comand: unknown key",
        "main.toml: program.api.command: missing",
        "main.toml: program.web.priority: expected",
        "main.toml: program.web.startsecs: expected",
        "main.toml: program.web: written twice: in line 2, and in line 7; make them",
    )
    for begin, line in zip(expected, sorted(lines), strict=True):
        assert line.startswith(begin)


def test_tables_that_are_none(wrong: Wrong) -> None:
    """A value where a table belongs is named as what it is."""
    assert [
        'main.toml: daemon: expected a table, got "x"',
        "main.toml: program.command: expected a table, got 3",
        "main.toml: tasks: expected a table, got [1]",
    ] == wrong('daemon = "x"\ntasks = [1]\n[program]\ncommand = 3')


def test_relative_main_file(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative main file makes absolute paths, so that nothing moves with chdir."""
    config = load('[program.a]\ncommand = "a"\ndirectory = "d"')
    monkeypatch.chdir(config.file.parent)
    again = load_config(Path("main.toml"), environ={"HOME": "/home/ann"}, uid=0)
    assert config == again


def _uncommented(text: str) -> str:
    """Return the example with every setting in force: ``#key`` but not ``# text``."""
    return re.sub(r"(?m)^#(?=[^\s:])", "", text)


def test_shipped_config(load: Load) -> None:
    """The commented example passes as it stands, for root and for a user."""
    text = (ETC / "selfhealingd.toml").read_text()
    for uid in (0, 1000):
        plain = msgspec.structs.replace(load("#", uid=uid), files=())
        assert plain == msgspec.structs.replace(load(text, uid=uid), files=())


def test_shipped_config_uncommented(load: Load, tmp_path: Path) -> None:
    """Every line of the example is right when it is uncommented, and so complete."""
    (tmp_path / "conf.d").mkdir()
    text = _uncommented((ETC / "selfhealingd.toml").read_text())
    # Groups that not every machine has.
    text = text.replace('"selfheal"', '"root"').replace('"@wheel"', '"@root"')
    config = load(text)
    defaults = load("#")
    assert defaults.daemon == config.daemon
    assert (
        msgspec.structs.replace(config.policy, programs={}, runbooks={})
        == defaults.policy
    )
    assert defaults.control.socket == config.control.socket
    assert defaults.control.mode == config.control.mode
    for kind in KINDS:
        for key in kind.__struct_fields__:
            assert re.search(rf"(?m)^{key} = |^\[.*\.{key}\]", text), key


def test_demo() -> None:
    """The demo passes, for root and for a user, and its scripts are there."""
    for uid in (0, 1000):
        config = load_config(ETC / "demo.toml", environ={"HOME": "/h"}, uid=uid)
        names = {"well", "crashy", "leaky", "hanging", "neverstarts", "stubborn"}
        assert names == config.launches.keys()
        assert {"heartbeat"} == config.tasks.keys()
        for launch in config.launches.values():
            assert launch.directory is not None
            assert (launch.directory / launch.argv[-1]).is_file()


KEYS = st.sampled_from([key for kind in KINDS for key in kind.__struct_fields__])
TEXTS = st.text(max_size=9) | st.sampled_from(["${", "${X}", "\0", "@\0", "a/b", "7"])
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.integers() | st.floats() | st.booleans() | st.datetimes() | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=6,
)
TABLES = st.dictionaries(KEYS | TEXTS, ANYTHING, max_size=6)
CONFIGS = st.dictionaries(
    st.sampled_from(["daemon", "control", "healing", "x"]), TABLES | ANYTHING
) | st.fixed_dictionaries(
    {
        kind: st.dictionaries(TEXTS, TABLES)
        for kind in ("program", "socket", "tasks", "runbook", "on")
    }
)


@given(CONFIGS)
def test_any_tables(tables: dict[str, Any]) -> None:
    """Whatever the tables hold, the answer is a config or readable mistakes."""
    _load_or_refuse(tomli_w.dumps(tables).encode())


@given(st.binary() | st.text("[]{}\"'=.#\n\\a1").map(str.encode))
def test_any_bytes(content: bytes) -> None:
    """Whatever bytes the file has, the answer is a config or readable mistakes."""
    _load_or_refuse(content)


def _load_or_refuse(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "main.toml"
        file.write_bytes(content)
        try:
            load_config(file, environ={"HOME": folder, "X": "5"}, uid=1000)
        except ConfigError as error:
            refused = error
        else:
            return
    assert refused.mistakes
    for mistake in refused.mistakes:
        assert len(str(mistake).encode().splitlines()) == 1
