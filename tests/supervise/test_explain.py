"""Each way in which a command can't start has its own words."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from selfhealingd.core.launch import Credentials, Launch
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.explain import explain
from selfhealingd.supervise.spawn import spawn

Script = Callable[..., Path]


def _words(argv0: object, **more: object) -> str:
    with pytest.raises(SpawnError) as caught:
        spawn(Launch(argv=(str(argv0),), **more), marks={})  # type: ignore[arg-type]
    return str(caught.value)


@pytest.mark.process
class TestRealFailures:
    def test_not_in_path(self) -> None:
        """A bare name is searched in the program's PATH, which the words show."""
        words = _words("no-such-tool", environment={"PATH": "/nowhere:/bin"})
        assert words.startswith("cannot start 'no-such-tool': not found in PATH=")
        assert "PATH=/nowhere:/bin of its environment" in words

    def test_path_of_the_program_counts(self, script: Script, tmp_path: Path) -> None:
        """A command that is only in the program's PATH is found there."""
        script("#!/bin/sh\n", "only-here")
        launch = Launch(argv=("only-here",), environment={"PATH": str(tmp_path)})
        child = spawn(launch, marks={})
        os.waitpid(child.pid, 0)
        child.close()

    def test_no_such_file(self) -> None:
        """A path that leads nowhere says so."""
        assert _words("/no/such/tool").endswith("no such file or directory")

    def test_directory_as_command(self, tmp_path: Path) -> None:
        """A directory is named as what it is."""
        assert _words(tmp_path).endswith(f"'{tmp_path}' is a directory")

    def test_not_executable(self, script: Script) -> None:
        """A file without x is told, with the cure."""
        assert "is not executable; chmod +x" in _words(
            script("#!/bin/sh\n", mode=0o644)
        )

    def test_bad_interpreter(self, script: Script) -> None:
        """A missing interpreter is not mistaken for a missing command."""
        words = _words(script("#!/no/such/python -u\n"))
        assert "bad interpreter" in words
        assert "'/no/such/python' does not exist" in words

    def test_windows_line_ends(self, script: Script) -> None:
        """An interpreter with a carriage return is seen for what it is."""
        assert "Windows line ends" in _words(script("#!/bin/sh\r\necho\r\n"))

    def test_interpreter_not_executable(self, script: Script) -> None:
        """An interpreter that can't be executed is named."""
        other = script("text", "other", mode=0o644)
        assert f"bad interpreter: '{other}'" in _words(script(f"#!{other}\n"))

    def test_dangling_link(self, tmp_path: Path) -> None:
        """A link to nowhere says where it leads."""
        link = tmp_path / "link"
        link.symlink_to("/no/where")
        assert "a symbolic link to '/no/where', which does not" in _words(link)

    def test_neither_program_nor_script(self, script: Script) -> None:
        """Text without '#!' is no program."""
        assert "begins with '#!'" in _words(script("echo hello\n"))

    def test_missing_loader(self, script: Script) -> None:
        """A program for another C library is not a missing command."""
        data = Path("/bin/sh").read_bytes()
        file = script("")
        start = data.index(b"/lib")
        file.write_bytes(data[:start] + b"/LIB" + data[start + 4 :])
        assert "the loader or a library" in _words(file)

    def test_file_as_folder(self, script: Script) -> None:
        """A file amid the path is told."""
        assert _words(script("") / "tool").endswith("not a directory")

    def test_open_for_writing(self, script: Script) -> None:
        """A program that is being replaced right now is told."""
        file = script("")
        file.write_bytes(Path("/bin/true").read_bytes())
        with file.open("ab"):
            assert "is open for writing" in _words(file)

    def test_arguments_too_long(self) -> None:
        """An argument that the kernel doesn't take is told."""
        with pytest.raises(SpawnError, match="too long for the kernel"):
            spawn(Launch(argv=("/bin/true", "x" * 2**20)), marks={})

    def test_nul_in_argument(self) -> None:
        """A NUL in an argument is refused with words."""
        with pytest.raises(SpawnError, match="cannot start '/bin/true': embedded null"):
            spawn(Launch(argv=("/bin/true", "a\0b")), marks={})

    def test_missing_directory(self) -> None:
        """A working directory that doesn't exist is not a missing command."""
        words = _words("/bin/true", directory=Path("/no/such"))
        assert words.endswith("its directory '/no/such' does not exist; make it")

    def test_directory_is_a_file(self) -> None:
        """A working directory that is a file is told."""
        words = _words("/bin/true", directory=Path("/etc/passwd"))
        assert words.endswith("'/etc/passwd' is not a directory")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may switch users")
    def test_denied_to_its_user(self, script: Script, tmp_path: Path) -> None:
        """What root may and the program's user may not is told with the user."""
        tmp_path.chmod(0o700)
        nobody = Credentials(uid=65534, gid=65534, name="nobody")
        words = _words(script("#!/bin/sh\n"), credentials=nobody)
        assert "permission denied to user 'nobody'" in words


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.EMFILE, "ulimit -n"),
        (errno.ENFILE, "fs.file-max"),
        (errno.EAGAIN, "pids.max"),
        (errno.ENOMEM, "memory"),
    ],
)
def test_scarcity_says_what_to_raise(number: int, expected: str) -> None:
    """When something has run out, the words name it and the setting to raise."""
    error = OSError(number, os.strerror(number))
    assert expected in explain(error, Launch(argv=("x",)), {})


@pytest.mark.parametrize("directory", [None, Path("/srv")])
def test_refused_change_of_user(directory: Path | None) -> None:
    """EPERM before exec is the change of user, whatever file the error names."""
    nobody = Credentials(uid=1, gid=1, name="nobody")
    error = PermissionError(errno.EPERM, "x", directory and os.fspath(directory))
    launch = Launch(argv=("x",), directory=directory, credentials=nobody)
    assert "switch to user 'nobody'" in explain(error, launch, {})


def test_directory_not_to_be_entered() -> None:
    """EACCES on the working directory names it."""
    error = PermissionError(errno.EACCES, "x", "/srv")
    launch = Launch(argv=("x",), directory=Path("/srv"))
    assert "'/srv' may not be entered" in explain(error, launch, {})
