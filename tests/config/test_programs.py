"""Tables of programs and tasks become what core and supervise work with."""

import pwd
from collections.abc import Callable
from pathlib import Path

import pytest

from selfhealingd.config import Config
from selfhealingd.core.launch import Launch
from selfhealingd.core.output import Elsewhere, LogTo, Target
from selfhealingd.core.policy import Autorestart, Program

Load = Callable[..., Config]
Wrong = Callable[..., list[str]]
LOGS = Path("/var/log/selfhealingd")
AUTO, AUTO_ERR = LogTo(path=LOGS / "a.log"), LogTo(path=LOGS / "a.err.log")


def test_defaults(load: Load) -> None:
    """A program that says only what it runs has the core's defaults."""
    config = load('[program.web]\ncommand = "web --port 80"')
    assert {"web": Program(name="web")} == config.policy.programs
    assert {
        "web": Launch(
            argv=("web", "--port", "80"),
            stdout=LogTo(path=LOGS / "web.log"),
            stderr=LogTo(path=LOGS / "web.err.log"),
        )
    } == config.launches


def test_everything(load: Load, tmp_path: Path) -> None:
    """Every key arrives where it belongs."""
    config = load(
        """
        [daemon]
        log_dir = "logs"
        [program.web]
        command = ["bin/web", "a b", "./c"]
        autostart = false
        autorestart = true
        exitcodes = [0, 3]
        startsecs = "2s"
        startretries = 4
        stopsignal = "INT"
        stopwaitsecs = "1m"
        stopasgroup = false
        killasgroup = false
        priority = 5
        environment = { A = "b" }
        directory = "srv"
        umask = "027"
        rlimits = { nofile = [10, 20], core = "unlimited" }
        stdout_logfile = "out/web.log"
        stderr_logfile = "NONE"
        """
    )
    assert (
        Program(
            name="web",
            autostart=False,
            autorestart=Autorestart.ALWAYS,
            exitcodes=frozenset({0, 3}),
            startsecs=2.0,
            startretries=4,
            stopsignal=2,
            stopwaitsecs=60.0,
            stopasgroup=False,
            killasgroup=False,
            priority=5,
        )
        == config.policy.programs["web"]
    )
    assert (
        Launch(
            argv=(f"{tmp_path}/bin/web", "a b", "./c"),
            environment={"A": "b"},
            directory=tmp_path / "srv",
            umask=0o27,
            rlimits={"nofile": (10, 20), "core": (-1, -1)},
            stdout=LogTo(path=tmp_path / "logs/out/web.log"),
            stderr=Elsewhere.NOWHERE,
        )
        == config.launches["web"]
    )


@pytest.mark.parametrize(
    ("command", "argv"),
    [
        ("\"a ${X} '${X}' $${X} $$\"", ("a", "p q", "p q", "${X}", "$$")),
        ('["a", "${X}", "$(date)"]', ("a", "p q", "$(date)")),
        ('"${BIN}/web"', ("/opt/web",)),
    ],
)
def test_command_expansion(load: Load, command: str, argv: tuple[str, ...]) -> None:
    """A variable never becomes two words, and can be escaped for a shell."""
    environ = {"X": "p q", "BIN": "/opt"}
    config = load(f"[program.a]\ncommand = {command}", environ=environ)
    assert argv == config.launches["a"].argv


@pytest.mark.parametrize(
    ("keys", "stdout", "stderr"),
    [
        ("redirect_stderr = true", AUTO, None),
        ('stdout_logfile = "NONE"', Elsewhere.NOWHERE, AUTO_ERR),
        (
            'stdout_logfile = "/x/y"\nstderr_logfile = "z/../b"',
            LogTo(path=Path("/x/y")),
            LogTo(path=LOGS / "b"),
        ),
        (
            'stdout_logfile = "/dev/stdout"\nstderr_logfile = "/dev/stderr"',
            Elsewhere.STDOUT,
            Elsewhere.STDERR,
        ),
        (
            'stdout_logfile = "JOURNAL"\nstderr_logfile = "/dev/null"',
            Elsewhere.JOURNAL,
            Elsewhere.NOWHERE,
        ),
        (
            (
                'stdout_logfile_maxbytes = "1MiB"\nstdout_logfile_backups = 3\n'
                'stderr_logfile_maxage = "1d"\nstderr_logfile_compress = true'
            ),
            LogTo(path=LOGS / "a.log", max_bytes=2**20, backups=3),
            LogTo(path=LOGS / "a.err.log", max_age=86400.0, compress=True),
        ),
    ],
)
def test_logfiles(load: Load, keys: str, stdout: Target, stderr: Target | None) -> None:
    """Logs go where they are told, relative to log_dir, or nowhere."""
    launch = load(f'[program.a]\ncommand = "a"\n{keys}').launches["a"]
    assert (stdout, stderr) == (launch.stdout, launch.stderr)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("startsecs = -1", "startsecs: expected a duration"),
        ('redirect_stderr = true\nstderr_logfile = "x"', "nothing would be written"),
        ("redirect_stderr = true\nstderr_logfile_backups = 1", "would be written"),
        ('stdout_logfile_maxbytes = "lots"', "expected a size"),
        ("rlimits = { nofiles = 1 }", 'did you mean "nofile"?'),
        ("rlimits = 3", "rlimits: expected a table, got 3"),
        ("umask = 4096", "umask: expected octal"),
        ("verify_secs = 1", 'it belongs in "healing" of this program'),
        ("healing = { systemic_share = 1 }", "stands in [healing]"),
        ("healing = { open_after = 11 }", "permanent_after (10) is less than"),
        ("healing = { permanent_after = 4 }", "permanent_after (4) is less than"),
        ("healing = { backoff_max = 1 }", "backoff_max (1 s) is shorter"),
        ('user = "nobody"', "the daemon runs as uid 1000, not as root"),
        ('directory = "~/x"', 'write "${HOME}/…"'),
    ],
)
def test_mistakes(wrong: Wrong, keys: str, words: str) -> None:
    """What cannot be, alone or together, is one mistake that says why."""
    (line,) = wrong(f'[program.a]\ncommand = "a"\n{keys}', uid=1000)
    assert line.startswith("main.toml: program.a.")
    assert words in line


def test_user(load: Load) -> None:
    """A user brings uid, groups and what a login sets, unless it is set by hand."""
    nobody = pwd.getpwnam("nobody")
    config = load(
        """
        [program.a]
        command = "a"
        user = "nobody"
        environment = { HOME = "/tmp" }
        """
    )
    launch = config.launches["a"]
    assert {
        "HOME": "/tmp",
        "USER": "nobody",
        "LOGNAME": "nobody",
        "SHELL": nobody.pw_shell,
    } == launch.environment
    assert launch.credentials is not None
    assert (nobody.pw_uid, nobody.pw_gid) == (
        launch.credentials.uid,
        launch.credentials.gid,
    )
    assert nobody.pw_gid in launch.credentials.groups


def test_own_user(load: Load) -> None:
    """Who already is that user need not become it."""
    uid = pwd.getpwnam("nobody").pw_uid
    config = load(f'[program.a]\ncommand = "a"\nuser = "{uid}"', uid=uid)
    assert config.launches["a"].credentials is None
    assert "nobody" == config.launches["a"].environment["USER"]


def test_task(load: Load, tmp_path: Path) -> None:
    """A task has its own numbers, and writes to no file."""
    config = load(
        """
        [tasks.prune]
        command = "find . -delete"
        every = "1h"
        directory = "x"
        [tasks.other]
        command = "other"
        every = 5
        timeout = "1m"
        jitter = 0
        """
    )
    prune, other = config.tasks["prune"], config.tasks["other"]
    assert ("prune", 3600.0, 3600.0, 0.1) == (
        prune.name,
        prune.every,
        prune.timeout,
        prune.jitter,
    )
    expected = Launch(argv=("find", ".", "-delete"), directory=tmp_path / "x")
    assert expected == prune.launch
    assert (5.0, 60.0, 0.0) == (other.every, other.timeout, other.jitter)


def test_task_is_no_program(wrong: Wrong) -> None:
    """A task does not start with the daemon, nor is it healed."""
    text = '[tasks.a]\ncommand = "a"\nevery = 1\nautostart = true\njitter = 2'
    assert [
        "main.toml: tasks.a.autostart: unknown key",
        "main.toml: tasks.a.jitter: expected a share from 0 to 1, got 2",
    ] == wrong(text)
