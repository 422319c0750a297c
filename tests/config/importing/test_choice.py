"""One door for both kinds of files; what cannot be read is told in words."""

import re
import sys
import tempfile
from pathlib import Path

import pytest
from harness import execute, house
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.config import ConfigError, load_config
from selfhealingd.config.importing import CannotImport, import_file


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[program:a]\ncommand=\xe9\n", "cannot read: not UTF-8 text (line 2)"),
        (b"[program:a]\ncommand=a\0b\n", "cannot read: it has a NUL character in it"),
        (b"command=a\n[x]\n", "line 1: there is no [section] before this line"),
        (
            b"[program:a]\nwhat is this\n",
            'line 2: neither "option = value" nor a [section]',
        ),
        (b"# nothing\n", "there is no section in it"),
        (b"", "there is no section in it"),
        (b"[include]\nfiles=%(ENV_NOT_THERE)s/*\n", "NOT_THERE is not set here"),
        (b"[include]\nfiles=%d\n", "a % that is meant is written %%"),
    ],
)
def test_what_cannot_be_imported(tmp_path: Path, content: bytes, expected: str) -> None:
    """The file, the line where there is one, and the reason."""
    file = tmp_path / "some.conf"
    file.write_bytes(content)
    with pytest.raises(CannotImport) as raised:
        import_file(file, environ={}, host="box")
    assert str(raised.value).startswith(f"{file}: ")
    assert expected in str(raised.value)


def test_stdin() -> None:
    """It has no folder; that is said, and not that ``-`` is missing."""
    with pytest.raises(CannotImport, match="save it to a file"):
        import_file(Path("-"), environ={}, host="box")


def test_a_missing_file(tmp_path: Path) -> None:
    """It is named, with the system's reason."""
    with pytest.raises(CannotImport, match="no such file"):
        import_file(tmp_path / "gone.conf", environ={}, host="box")


def test_a_variable_that_is_no_text(tmp_path: Path) -> None:
    """Bytes that no config can hold are refused, not garbled."""
    file = tmp_path / "s.conf"
    file.write_text("[program:a]\ncommand=a x$%(ENV_X)s\n")
    with pytest.raises(CannotImport, match="not UTF-8"):
        import_file(file, environ={"X": "\udce9"}, host="box")


LINES = st.sampled_from(
    [
        *("[supervisord]", "[program:a]", "[program:b]", "[group:a]", "[group:g]"),
        *("[DEFAULT]", "[program:]", "[fcgi-program:a]", "[eventlistener:c]", "[x]"),
        *("[include]", "[unix_http_server]", "[inet_http_server]", "[supervisorctl]"),
        *(
            "command=a 'b' %(ENV_X)s",
            "command=${b} %%",
            "command=\\",
            "command=' \\ \"",
        ),
        *("numprocs=3", "numprocs=%(ENV_X)s", "numprocs=-1", "numprocs_start=7"),
        *("process_name=%(process_num)d", "process_name=%(program_name)s_%(x)s"),
        *("process_name=%(program_name)s_%(process_num)02d", "programs=a,b,c, ,a"),
        *("user=%(ENV_U)s", "umask=%(ENV_X)s", "directory=%(ENV_X)s", "directory=x"),
        *("environment=A=1,B='%(ENV_X)s'", "environment=A", "environment==,=", "x y"),
        *("stdout_logfile=~x/%(process_num)d", "stderr_logfile=", "redirect_stderr=on"),
        *("killasgroup=no", "stopasgroup=%(ENV_B)s", "priority=%(ENV_N)s", "  more"),
        *("exitcodes=%(ENV_N)s", "autorestart=%(ENV_B)s", "stopsignal=%(ENV_X)s", ":"),
        *("startsecs=1_0", "startretries=٣", "stopwaitsecs=1e3", "chown=%(ENV_X)s:"),
        *("loglevel=%(ENV_X)s", "childlogdir=%(ENV_N)s", "chmod=777", "files=*.none"),
        *("stdout_logfile_maxbytes=kb", "stderr_logfile_maxbytes=1.5GB", "=", "", ";"),
    ]
)


@given(st.lists(LINES, min_size=1, max_size=14))
def test_any_file(lines: list[str]) -> None:
    """It is refused in words, or becomes a config in which only names are unknown."""
    environ = {"X": "a 'b", "B": "yes", "N": "5"}
    with tempfile.TemporaryDirectory() as name:
        file, config = Path(name, "s.conf"), Path(name, "s.toml")
        file.write_text("\n".join(["[program:z]", "command=z", *lines]))
        try:
            config.write_text(import_file(file, environ=environ, host="box").text)
        except CannotImport:
            return
        try:
            load_config(config, environ=environ, uid=0)
        except ConfigError as error:
            for mistake in error.mistakes:
                assert re.search("on this machine|U is not set", str(mistake))


CONF = """
[supervisord]
strip_ansi=yes
environment=WHO="ü"
[program:web]
command=/bin/sh -c "echo $WHO $N; exec sleep 1000"
process_name=%(program_name)s_%(process_num)02d
environment=N="%(process_num)d of %(numprocs)d"
numprocs=2
"""
DAEMON = (sys.executable, "-m", "selfhealingd")


@pytest.mark.process
async def test_from_conf_to_daemon() -> None:
    """What --import prints, --check accepts and the daemon runs."""
    async with house() as made:
        conf = made.root / "supervisord.conf"
        conf.write_text(CONF)
        ran = await execute(*DAEMON, "--import", str(conf), cwd=made.root)
        assert (ran.status, ran.err) == (
            0,
            "selfhealingd: 1 program table, 0 commented out, 2 comments to read\n",
        )
        here = """
            state_dir = "state"
            runtime_dir = "run"
            log_dir = "logs"
            flags_file = "flags.env"
            [control]
            socket = "s"
        """
        made.config.write_text(ran.out.replace("[daemon]", f"[daemon]{here}"))
        checked = await made.check()
        assert checked.status == 0, checked.err
        await made.start()
        await made.running("web_00", "web_01")
        log = made.root / "logs" / "web_01.log"
        await made.until_status(lambda _: log.read_text() == "ü 1 of 2\n")


@pytest.mark.process
async def test_the_command_line_refuses(tmp_path: Path) -> None:
    """A file that cannot be read is the user's mistake: status 2, nothing on stdout."""
    ran = await execute(*DAEMON, "--import", str(tmp_path), cwd=tmp_path)
    assert (ran.status, ran.out) == (2, "")
    assert "cannot import: " in ran.err
