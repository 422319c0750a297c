"""supervisord itself is the judge of what its files mean."""

import os
import re
import shlex
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.config import Config, load_config
from selfhealingd.config.importing import import_file
from selfhealingd.core.launch import Launch
from selfhealingd.core.listening import BACKLOG, SocketAs, Unix
from selfhealingd.core.output import Elsewhere, LogTo, Target

supervisor_options = pytest.importorskip("supervisor.options")
supervisor_datatypes = pytest.importorskip("supervisor.datatypes")

SAMPLES = Path(__file__).parent / "samples"
FILES = sorted([*SAMPLES.glob("*.conf"), SAMPLES / "include" / "supervisord.conf"])
REFUSED = {
    "mistakes.conf": "it is full of them",
    "minecraft.conf": "its plugins are not installed",
}
ENVIRON = {
    "AIRFLOW_HOME": "/opt/airflow",
    "ARGS": "--fast --slow",
    "GEOMETRY": "800x600",
    "HEAP": "512",
    "HOME": "/home/ann",
    "HUB_AUTOSTART": "no",
    "HUB_URL": "/hub/",
    "NAME": "ann",
    "PATH": "/usr/bin:/bin",
    "TOKEN": "s3cret-/",
    "WORKERS": "2",
}
HOST = "box"
LOGIN = {"HOME", "USER", "LOGNAME", "SHELL"}
CALLED = {
    ("odd-names.conf", "all"): "all_",
    ("odd-names.conf", "a@b"): "a_b",
    ("odd-names.conf", "a+b"): "a_b-2",
    ("odd-names.conf", ".hidden"): "_.hidden",
    ("odd-names.conf", "mine"): "my.app",
}


@contextmanager
def judging() -> Iterator[None]:
    """Let supervisord judge the text alone, not what this machine has."""
    with (
        patch.dict(os.environ, ENVIRON, clear=True),
        patch("platform.node", lambda: HOST),
        patch.object(supervisor_options, "name_to_uid", lambda name: name),
        patch.object(supervisor_options, "gid_for_uid", lambda uid: uid),
        patch.object(supervisor_datatypes, "name_to_uid", lambda name: name),
        patch.object(supervisor_datatypes, "name_to_gid", lambda name: name),
        patch.object(supervisor_datatypes, "existing_dirpath", os.path.expanduser),
        patch.object(supervisor_options, "existing_dirpath", os.path.expanduser),
        patch.object(supervisor_options, "existing_directory", os.path.expanduser),
    ):
        yield


def judged(file: Path) -> tuple[Any, list[Any]]:
    """Return what supervisord reads: its own settings, and processes."""
    with judging():
        options = supervisor_options.ServerOptions()
        options.configfile = str(file)
        options.here = str(file.parent)
        section = options.read_config(str(file))
    processes = [
        process
        for group in section.process_group_configs
        if type(group).__name__ in {"ProcessGroupConfig", "FastCGIGroupConfig"}
        for process in group.process_configs
        if type(process).__name__ in {"ProcessConfig", "FastCGIProcessConfig"}
    ]
    return section, processes


def ours(file: Path, folder: Path) -> tuple[Config, dict[str, Any]]:
    """Return the imported config, and its tables; users are those of any machine."""
    text = import_file(file, environ=ENVIRON, host=HOST).text
    tables = tomllib.loads(text)
    users = {**tables, "program": {}, "control": {}}
    for name, table in tables.get("program", {}).items():
        users["program"][name] = {k: v for k, v in table.items() if k != "user"}
    checked = folder / "selfhealingd.toml"
    checked.write_text(tomli_w.dumps(users))
    return load_config(checked, environ=ENVIRON, uid=0), tables.get("program", {})


def unmarked(file: Path, folder: Path) -> Path:
    """Return a file that supervisord can read: it stumbles over a byte order mark."""
    content = file.read_bytes()
    if not content.startswith(b"\xef\xbb\xbf"):
        return file
    copy = folder / file.name
    copy.write_bytes(content[3:])
    return copy


def table_of(name: str, tables: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = tables.get(name) or tables[name.rpartition("_")[0]]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SAMPLES)))
def test_samples_mean_the_same(file: Path, tmp_path: Path) -> None:
    """Each process of each sample runs as supervisord would run it."""
    if file.name in REFUSED:
        with pytest.raises((ValueError, ImportError)):
            judged(file)
        return
    section, processes = judged(unmarked(file, tmp_path))
    config, tables = ours(file, tmp_path)
    names = []
    for process in processes:
        name = CALLED.get((file.name, process.name), process.name)
        if not splits(process.command):
            assert name not in config.launches
            continue
        if name not in config.launches:
            # A process that is named otherwise than its only program.
            name = name.partition("_")[0]
        names.append(name)
        same(process, section, config, name, table_of(name, tables), file.parent)
    assert set(names) == set(config.launches)
    for group in section.process_group_configs:
        if type(group).__name__ == "FastCGIGroupConfig":
            for process in group.process_configs:
                handed(group.socket_config, config.launches[process.name])


def handed(judged: Any, launch: Launch) -> None:
    """Its stdin is the socket that supervisord would open."""
    [socket] = launch.sockets
    assert SocketAs.STDIN is launch.socket_as
    assert judged.url == str(socket.address).replace("unix:", "unix://") or (
        judged.url == f"tcp://{socket.address}".replace("127.0.0.1", "localhost")
    )
    assert (judged.get_backlog() or BACKLOG) == socket.backlog
    if isinstance(socket.address, Unix):
        assert judged.mode == socket.mode
        if judged.owner is not None:
            users = {"nobody": 65534, "root": 0}
            assert [users[name] for name in judged.owner] == [socket.uid, socket.gid]


def same(
    process: Any,
    section: Any,
    config: Config,
    name: str,
    table: dict[str, Any],
    here: Path,
) -> None:
    program, launch = config.policy.programs[name], config.launches[name]
    folder = here / (section.directory or "")
    argv = shlex.split(process.command)
    if "/" in argv[0]:
        argv[0] = str(folder / (process.directory or "") / argv[0])
    assert [os.path.normpath(argv[0]), *argv[1:]] == [
        os.path.normpath(launch.argv[0]),
        *launch.argv[1:],
    ]
    environment = dict(launch.environment)
    assert process.environment == environment
    directory = process.directory
    if directory is None and section.directory and not section.nodaemon:
        directory = section.directory
    if directory is None or directory.startswith("~"):
        assert launch.directory is None
    else:
        assert folder / directory == launch.directory
    assert process.uid == table.get("user")
    assert (process.autostart, process.startsecs) == (
        program.autostart,
        program.startsecs,
    )
    assert process.stopsignal == program.stopsignal
    assert process.stopwaitsecs == program.stopwaitsecs
    assert set(process.exitcodes) == program.exitcodes
    assert process.startretries == table.get("startretries", 3)
    assert restart(process.autorestart) == program.autorestart.value
    assert launch.umask in {process.umask, section.umask}
    assert process.redirect_stderr == (launch.stderr is None)
    assert process.stopasgroup == table.get("stopasgroup", process.stopasgroup)
    shared = shared_logs(config)
    output(process, "stdout", launch.stdout, folder, shared)
    if launch.stderr is not None:
        output(process, "stderr", launch.stderr, folder, shared)


def shared_logs(config: Config) -> set[Path]:
    """Files that several write to: whoever is first decides how they are rotated."""
    found = Counter(
        target.path
        for launch in config.launches.values()
        for target in (launch.stdout, launch.stderr)
        if isinstance(target, LogTo)
    )
    return {path for path, number in found.items() if number > 1}


def splits(command: str) -> bool:
    try:
        return bool(shlex.split(command))
    except ValueError:
        return False


def restart(value: Any) -> str:
    if value is False:
        return "never"
    return "always" if "Unconditionally" in value.__name__ else "unexpected"


STREAMS = {
    "/dev/stdout": Elsewhere.STDOUT,
    "/dev/fd/1": Elsewhere.STDOUT,
    "/proc/self/fd/1": Elsewhere.STDOUT,
    "/dev/stderr": Elsewhere.STDERR,
    "/dev/fd/2": Elsewhere.STDERR,
    "/proc/self/fd/2": Elsewhere.STDERR,
    "/dev/null": Elsewhere.NOWHERE,
}


def output(
    process: Any, stream: str, target: Target, folder: Path, shared: set[Path]
) -> None:
    """Compare targets; what supervisord names by itself is named otherwise by us."""
    written = getattr(process, f"{stream}_logfile")
    if written is None:
        syslog = getattr(process, f"{stream}_syslog")
        assert target is Elsewhere.NOWHERE or (target is Elsewhere.JOURNAL and syslog)
        return
    if isinstance(written, str) and written in STREAMS:
        assert STREAMS[written] is target
        return
    assert isinstance(target, LogTo)
    if isinstance(written, str):
        assert os.path.normpath(folder / written) == str(target.path)
    if target.path not in shared:
        rotation = [
            getattr(process, f"{stream}_logfile_{key}")
            for key in ("maxbytes", "backups")
        ]
        assert rotation == [target.max_bytes, min(target.backups, 1_000_000)]


GOOD = [
    *(
        "a",
        "7",
        " ",
        "  ",
        "=",
        ",",
        "$",
        "{",
        "}",
        "${",
        "$$",
        "ü",
        "/",
        "-",
        ":",
        ".",
    ),
    *("%%", "%%(here)s", "%(here)s", "%(program_name)s", "%(host_node_name)s", "\t"),
    *("%(ENV_HOME)s", "%(ENV_TOKEN)s", "%(ENV_HUB_URL)s", "%(ENV_ARGS)s", "\n ", "~"),
    *("%(process_num)d", "%(process_num)02d", "%(numprocs)d", "%(process_num)x"),
    *(";", "#", "[", "A=", "%(group_name)s", "%(ENV_NAME)5s", "%(ENV_K)s"),
]
WILD = [*GOOD, "'", '"', "\\", "%", " ;", " #", "%(ENV_NOT_SET)s", "%(no)s"]
BARE = re.compile(r"%(?!\()")
TAME = st.lists(st.sampled_from(GOOD), max_size=12).map("".join)
VALUES = st.lists(st.sampled_from(WILD), max_size=8).map("".join)
COMMANDS = st.one_of(VALUES, TAME, TAME.map(lambda value: f"\"{value}\" '{value}'"))
# What supervisord cuts in two because it isn't quoted comes whole from us.
ENVIRONMENTS = st.one_of(VALUES, TAME.map(lambda value: f'V="{value}",W=7')).filter(
    lambda value: "ENV_ARGS" not in value
)
PROCESSES = st.sampled_from(["", "numprocs=3\n", "numprocs=2\nnumprocs_start=1\n"])


@given(COMMANDS, ENVIRONMENTS, PROCESSES)
def test_any_value_survives(command: str, environment: str, numprocs: str) -> None:
    """Whatever supervisord makes of a value, is what our config says afterwards."""
    text = (
        "[supervisord]\n[program:p]\n"
        f"command=/bin/x {command}\nenvironment=K=1,{environment}\n"
        f"process_name=%(program_name)s_%(process_num)02d\n{numprocs}"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "supervisord.conf"
        file.write_text(text)
        try:
            _, processes = judged(file)
            commands = [shlex.split(process.command) for process in processes]
        except (ValueError, KeyError):
            import_file(file, environ=ENVIRON, host=HOST)  # says what is wrong
            return
        config, _ = ours(file, folder)
        if BARE.search(f"{command} {environment}".replace("%%", "")):
            return  # supervisord puts its whole environment in there
        for process, argv in zip(processes, commands, strict=True):
            assert tuple(argv) == config.launches[process.name].argv
            # No process could be started with a name that has a = in it.
            named = {k: v for k, v in process.environment.items() if k and "=" not in k}
            assert named == config.launches[process.name].environment
