"""Which sign makes a program ready, and what can't be one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from selfhealingd.config import Config
from selfhealingd.core.readiness import Answers, Line, Notify, Readiness, Tcp, Unix

Load = Callable[..., Config]
Wrong = Callable[..., list[str]]

ADDRESS = 'expected a host and a port such as "127.0.0.1:8000"'
PATTERN = "expected a regular expression"
UNCLOSED = "missing ), unterminated subpattern at position 0"
UNTRIED = (
    "nothing is tried again and again with notify; leave it out; the limit for the"
    " whole start is within"
)


def program(table: str) -> str:
    return f'[program.web]\ncommand = "web"\nreadiness = {{ {table} }}'


@pytest.mark.parametrize(
    ("table", "readiness"),
    [
        ("notify = true", Readiness(sign=Notify(), within=60)),
        ('notify = "yes", within = "2m"', Readiness(sign=Notify(), within=120)),
        ('tcp = ":80"', Readiness(sign=Tcp("", 80))),
        (r"log = '^up on \d+$'", Readiness(sign=Line(r"^up on \d+$"))),
        ('tcp = "[::1]:80"', Readiness(sign=Tcp("::1", 80))),
        (
            'tcp = "localhost:8000", period = 2, timeout = "3s"',
            Readiness(sign=Tcp("localhost", 8000), period=0.5, timeout=3),
        ),
        (
            'tcp = "localhost:8000", period = "0.1s"',
            Readiness(sign=Tcp("localhost", 8000), period=0.1),
        ),
        (
            'http = "http://localhost:8000/ok?key=1"',
            Readiness(sign=Answers("http://localhost:8000/ok"), timeout=3),
        ),
        ('exec = "/bin/ok 1"', Readiness(sign=Answers("ok"), timeout=3)),
        (
            'unix = "/run/x.sock", send = "PING", expect = "PONG", timeout = 2',
            Readiness(sign=Answers("/run/x.sock"), timeout=2),
        ),
        ('unix = "/run/x.sock"', Readiness(sign=Unix("/run/x.sock"))),
    ],
)
def test_a_sign(load: Load, table: str, readiness: Readiness) -> None:
    """The decisions and the run learn of it."""
    config = load(program(table))
    assert readiness == config.policy.programs["web"].readiness
    assert readiness == config.launches["web"].readiness


def test_a_path_is_relative_to_its_file(load: Load, tmp_path: Path) -> None:
    """As all are."""
    config = load(program('unix = "x.sock"'))
    readiness = config.launches["web"].readiness
    assert readiness is not None
    assert Unix(str(tmp_path / "x.sock")) == readiness.sign


def test_each_of_several_has_its_own_port(load: Load) -> None:
    """The number goes into every value."""
    text = program('tcp = ":80%(process_num)02d"') + "\nnumprocs = 2"
    launches = load(text).launches
    ports = [launch.readiness and launch.readiness.sign for launch in launches.values()]
    assert [Tcp("", 8000), Tcp("", 8001)] == ports


@pytest.mark.parametrize(
    ("table", "mistake"),
    [
        ("", "no sign of readiness; set one of notify, log, http, tcp, unix, exec"),
        (
            "notify = false",
            "no sign of readiness; set one of notify, log, http, tcp, unix, exec",
        ),
        (
            'notify = true, tcp = ":80"',
            "more than one sign of readiness: notify, tcp; leave one of them",
        ),
    ],
)
def test_exactly_one(wrong: Wrong, table: str, mistake: str) -> None:
    """Which of several would count, a reader would have to guess."""
    assert [f"main.toml: program.web.readiness: {mistake}"] == wrong(program(table))


@pytest.mark.parametrize(
    ("table", "key", "mistake"),
    [
        ('snmp = "x"', "snmp", "unknown key"),
        (
            'tcp = "80"',
            "tcp",
            f'{ADDRESS}, got "80"',
        ),
        (
            'tcp = ":65536"',
            "tcp",
            f'{ADDRESS}, got ":65536"',
        ),
        ('log = ""', "log", f'{PATTERN} such as "listening on", got ""'),
        ('log = "("', "log", f'{PATTERN} ({UNCLOSED}), got "("'),
        (
            "notify = true, period = 1",
            "period",
            UNTRIED,
        ),
    ],
)
def test_what_is_wrong(wrong: Wrong, table: str, key: str, mistake: str) -> None:
    """Told at its key."""
    if key == "snmp":
        table += ", notify = true"
    lines = wrong(program(table))
    assert [f"main.toml: program.web.readiness.{key}: {mistake}"] == lines


@pytest.mark.parametrize("target", ["NONE", "JOURNAL", "/dev/stdout"])
def test_a_line_needs_a_log(load: Load, wrong: Wrong, target: str) -> None:
    """What goes elsewhere can't be looked at; either of the two will do."""
    text = program('log = "up"') + f'\nstdout_logfile = "{target}"'
    assert load(text).launches
    (line,) = wrong(text + f'\nstderr_logfile = "{target}"')
    assert "program.web.readiness.log: it writes to no log file" in line


@pytest.mark.parametrize(
    ("table", "key"), [('unix = "/{}"', "unix"), ("notify = true", "notify")]
)
def test_a_path_that_is_too_long(wrong: Wrong, table: str, key: str) -> None:
    """A socket could not be there."""
    long = "x" * 120
    daemon = f'[daemon]\nruntime_dir = "/{long}"\n[control]\nsocket = "/s"\n'
    (line,) = wrong(daemon + program(table.format(long)))
    assert f"program.web.readiness.{key}: " in line
    assert "a socket's path at most 107" in line
