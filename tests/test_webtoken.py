"""The token of the web: from its file, or from systemd; and why there is none."""

import os
from pathlib import Path

from selfhealingd.core.web import Token, Web, digest
from selfhealingd.webtoken import NONE, find_token, how_to_make

SECRET = "s" * 64
UID = os.geteuid()


def write(file: Path, text: str, mode: int = 0o600) -> Path:
    file.write_text(text)
    file.chmod(mode)
    return file


def test_it_is_what_its_file_has(tmp_path: Path) -> None:
    """Without what is around it; only its digest is kept."""
    file = write(tmp_path / "t", f" {SECRET}\n")
    token = find_token({}, file, UID)
    assert Token(digest=digest(SECRET)) == token
    assert token.is_this(SECRET)
    assert SECRET not in repr(token)


def test_systemd_may_have_it(tmp_path: Path) -> None:
    """As the credential of its name; a file that the config names comes first."""
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert Token(problem=NONE) == find_token(environ, None, UID)
    write(tmp_path / "web-token", SECRET, 0o440)  # as systemd makes it for us alone
    assert find_token(environ, None, UID).is_this(SECRET)
    file = write(tmp_path / "t", SECRET[::-1] + "x")
    assert find_token(environ, file, UID).is_this(SECRET + "x")


def test_why_there_is_none(tmp_path: Path) -> None:
    """In words, and with what to type."""
    file = tmp_path / "t"
    problem = find_token({}, file, UID).problem
    assert f"{file}: no such file or directory" == problem
    write(file, SECRET, 0o640)
    problem = find_token({}, file, UID).problem
    assert f"{file}: others may use it (mode 0640): chmod 600 {file}" == problem
    for text in ("", "short", f"{SECRET}\n{SECRET}", "é" * 64):
        write(file, text)
        problem = find_token({}, file, UID).problem
        assert f"{file}: a token is one line of at least 32 characters" == problem
    assert Token(problem=NONE) == find_token({}, None, UID)
    made = "make one: rm -f '/a b'; (umask 077; openssl rand -hex 32 >'/a b'); then: "
    assert how_to_make(Web(token_file=Path("/a b"))).startswith(made)
