"""A supervisord.conf becomes a config that passes --check, and says what is missing."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from selfhealingd.config import ConfigError, load_config
from selfhealingd.config.importing import import_file
from selfhealingd.config.importing.reading import read_source

SAMPLES = Path(__file__).parent / "samples"
FILES = sorted([*SAMPLES.glob("*.conf"), SAMPLES / "include" / "supervisord.conf"])
ENVIRON = {
    "AIRFLOW_HOME": "/opt/airflow",
    "ARGS": "--fast --name 'two words'",
    "GEOMETRY": "800x600",
    "HEAP": "512",
    "HOME": "/home/ann",
    "HUB_AUTOSTART": "no",
    "HUB_URL": "/hub",
    "NAME": "ann",
    "PATH": "/usr/bin:/bin",
    "TOKEN": "s3cret",
    "WORKERS": "2",
}
# These show in how many tables there are, and in their names.
HOW_MANY = {"process_name", "numprocs", "numprocs_start"}
Import = Callable[[str], str]


@pytest.fixture
def imported(tmp_path: Path) -> Import:
    """Write a file, import it, and return the text, without the comment at its top."""

    def imported(text: str) -> str:
        file = tmp_path / "supervisord.conf"
        file.write_text(text)
        made = import_file(file, environ=ENVIRON, host="box").text
        _, _, rest = made.partition("\n\n")
        return rest.replace(str(tmp_path), "HERE")

    return imported


def mistakes(config: Path) -> set[str]:
    """Return what --check would say, without the names."""
    try:
        load_config(config, environ=ENVIRON, uid=0)
    except ConfigError as error:
        return {mistake.problem.partition(": ")[2] for mistake in error.mistakes}
    return set()


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SAMPLES)))
def test_samples_pass_the_check(file: Path, tmp_path: Path) -> None:
    """Only users and groups that this machine doesn't have are left to be mended."""
    config = tmp_path / "selfhealingd.toml"
    config.write_text(import_file(file, environ=ENVIRON, host="box").text)
    missing = {f"there is no such {kind} on this machine" for kind in ("user", "group")}
    assert missing >= mistakes(config)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SAMPLES)))
def test_every_option_is_carried_over_or_named(file: Path) -> None:
    """Nothing that stands in the file is passed over in silence."""
    text = import_file(file, environ=ENVIRON, host="box").text
    tables = tomllib.loads(text)
    source = read_source(file, ENVIRON, "box")
    for section in source.all("program"):
        for option in section.options:
            if option in source.defaults or option in HOW_MANY:
                continue
            assert option in text, f"{section.name}: {option}"
    for name, table in tables.get("program", {}).items():
        assert table["command"], name


def test_a_whole_file(imported: Import) -> None:
    """The result reads as if a person had written it, with a reason at each gap."""
    text = """
[supervisord]
nodaemon=true
environment=STAGE="live"
[program:web]
command=gunicorn app:app --bind unix:%(here)s/web.sock ; the site
user=nobody
autorestart=true
stopsignal=SIGINT
environment=TOKEN="%(ENV_TOKEN)s",GREETING="it's %%"
stdout_logfile=/dev/fd/1
stdout_events_enabled=true
"""
    expected = """\
[daemon]
# nodaemon=true: always in the foreground; systemd, an init script or the container puts
#   it in the background
# environment: STAGE: in the environment of each program

[program.web]
command = "gunicorn app:app --bind unix:HERE/web.sock"
autorestart = "always"
stopsignal = "INT"
user = "nobody"
stdout_logfile = "/dev/stdout"
# stdout_events_enabled=true: no event listeners here; read: selfhealctl events --follow
#   --json
[program.web.environment]
STAGE = "live"
TOKEN = "${TOKEN}"
GREETING = "it's %"
"""
    assert expected == imported(text)


def test_passwords_stay_where_they_were() -> None:
    """A password of supervisord's is of no use here, and is not copied about."""
    text = import_file(SAMPLES / "mistakes.conf", environ={}, host="box").text
    assert "hunter2" not in text
    assert "82ab876d" not in text


def test_a_listener_is_kept_as_a_comment(imported: Import) -> None:
    """It can't run, but nothing of it is lost, and what to do instead is said."""
    text = imported("[eventlistener:mem]\ncommand=memmon -a 200MB\nevents=TICK_60\n")
    assert "#[program.mem]\n#command = " in text
    assert "# events=TICK_60" in text
    assert "selfhealctl events --follow" in text


def test_an_included_file_is_named() -> None:
    """Who looks for the origin of a program finds it."""
    text = import_file(
        SAMPLES / "include" / "supervisord.conf", environ=ENVIRON, host="box"
    ).text
    assert "10-worker.conf\n[program.worker]" in text
    program: dict[str, Any] = tomllib.loads(text)["program"]["main"]
    assert program["startsecs"] == 7
    assert "missing/*.conf: no file matches" in text


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("killasgroup=false", {"stopasgroup": False, "killasgroup": False}),
        ("stopasgroup=false", {"stopasgroup": False}),
        ("stopasgroup=true\nkillasgroup=false", {"stopasgroup": True}),
        ("", {}),
        ("stdout_logfile=~/x.log", {"stdout_logfile": "${HOME}/x.log"}),
        ("stdout_logfile=/dev/null", {"stdout_logfile": "NONE"}),
        ("stdout_logfile=AUTO", {"stdout_logfile": "AUTO"}),
        ("stdout_logfile=%%(program_name)s", {"stdout_logfile": "HERE/p"}),
        ("directory=~/x", {}),
        ("umask=2", {"umask": "002"}),
        ("exitcodes=", {"exitcodes": []}),
        ("autostart=%(ENV_HUB_AUTOSTART)s", {"autostart": "${HUB_AUTOSTART}"}),
        ("startsecs=%(ENV_HEAP)s", {"startsecs": "${HEAP}"}),
        ("startsecs=-1", {"startsecs": 0}),
        ("priority=1000000", {"priority": 99_999}),
        ("environment=A=%(ENV_NONE)s", {"environment": {"A": "${NONE}"}}),
        ("environment=A=x$%(ENV_NAME)s", {}),
        ('environment=A="x$%(ENV_NAME)s"', {"environment": {"A": "x$ann"}}),
        ('environment=A="$${x} ${y}"', {"environment": {"A": "$$${x} $${y}"}}),
        ("environment=%(ENV_HOME)s=1", {"environment": {"/home/ann": "1"}}),
    ],
)
def test_single_options(
    imported: Import, written: str, expected: dict[str, object]
) -> None:
    """Options whose translation is not plain."""
    text = imported(f"[supervisord]\n[program:p]\ncommand=p\n{written}\n")
    assert {"command": "p", **expected} == tomllib.loads(text)["program"]["p"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("%(ENV_ARGS)s --x", ["--fast", "--name", "two words", "--x"]),
        ("./run %(ENV_NONE)s", ["HERE/run", "${NONE}"]),
        ("bin/run", ["HERE/bin/run"]),
        ("%(ENV_HOME)s/run", "${HOME}/run"),
        ("run a\n b", "run a b"),
        ("run 'a\n b'", ["run", "a\nb"]),
        ('run "${x}"', 'run "$${x}"'),
    ],
)
def test_commands(imported: Import, written: str, expected: object) -> None:
    """A command has the words that supervisord would give it."""
    text = imported(f"[program:p]\ncommand={written}\n")
    assert expected == tomllib.loads(text)["program"]["p"]["command"]
