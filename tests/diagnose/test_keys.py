import os
from pathlib import Path

import pytest

from selfhealingd.diagnose.keys import Found, find_keys, fingerprint

UID = os.geteuid()


def sources(found: Found) -> list[str]:
    return [key.source for key in found.ring]


def test_keys_come_from_variables_in_the_order_of_their_numbers() -> None:
    """The one without a number first; empty ones and others are none."""
    environ = {
        "ANTHROPIC_API_KEY_10": "ten",
        "ANTHROPIC_API_KEY_2": "two",
        "ANTHROPIC_API_KEY3": "three",
        "ANTHROPIC_API_KEY": "one",
        "ANTHROPIC_API_KEY_3": " ",
        "ANTHROPIC_API_KEYS": "no",
    }
    found = find_keys(environ, None, UID)
    assert ["one", "two", "three", "ten"] == list(found.keys.values())
    assert "variable ANTHROPIC_API_KEY" == found.ring[0].source
    assert fingerprint("one") == found.ring[0].fingerprint
    assert "one" not in repr(found)
    assert "one" not in repr(found.ring)


def test_systemds_credentials_are_read(tmp_path: Path) -> None:
    """By the same names; one key twice is one."""
    (tmp_path / "anthropic-api-key-2").write_text("cred\n")
    (tmp_path / "other").write_text("no")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "ANTHROPIC_API_KEY_2": "cred"}
    found = find_keys(environ, None, UID)
    assert ["cred"] == list(found.keys.values())
    gone = find_keys({"CREDENTIALS_DIRECTORY": str(tmp_path / "x")}, None, UID)
    assert "no such file" in gone.problems[0]


def test_a_private_key_file_has_a_key_a_line(tmp_path: Path) -> None:
    """Comments are none, and ``KEY=value`` is the value."""
    file = tmp_path / "keys"
    file.touch(0o600)
    file.write_text('# ours\nfirst\n\nANTHROPIC_API_KEY="second"\ntwo words\n')
    found = find_keys({}, file, UID)
    assert ["first", "second"] == list(found.keys.values())
    assert ["1", "2"] == [source[-1] for source in sources(found)]
    assert "more than one word" in found.problems[0]
    assert "two words" not in found.problems[0]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_that_others_may_use_is_refused_with_the_reason(
    tmp_path: Path, mode: int
) -> None:
    """And no key of it is used."""
    file = tmp_path / "keys"
    file.write_text("key")
    file.chmod(mode)
    found = find_keys({}, file, UID)
    assert {} == found.keys
    assert f"chmod 600 {file}" in found.problems[0]


def test_a_key_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """As is what is no file, not there, or empty."""
    file = tmp_path / "keys"
    file.touch(0o600)
    assert "no key in it" in find_keys({}, file, UID).problems[0]
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o600)
    assert "not a regular file" in find_keys({}, fifo, UID).problems[0]
    assert "no such file" in find_keys({}, tmp_path / "none", UID).problems[0]
    if UID == 0:
        os.chown(file, 12345, 12345)
        assert "belongs to uid 12345" in find_keys({}, file, UID).problems[0]


def test_a_file_that_nobody_named_need_not_be_there(tmp_path: Path) -> None:
    """It is read as soon as it is; one that is named is missed."""
    file = tmp_path / "llm.keys"
    assert ((), ()) == _found(file, named=False)
    assert "no such file" in _found(file, named=True)[1][0]
    file.touch(0o600)
    file.write_text("a-key\n")
    assert ((f"{file}, key 1",), ()) == _found(file, named=False)


def _found(file: Path, *, named: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = find_keys({}, file, os.geteuid(), named=named)
    return tuple(key.source for key in found.ring), found.problems
