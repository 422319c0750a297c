"""The flag file."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.policy import Flags
from selfhealingd.flags import FIELDS, FlagError, parse_flags, read_flags

FILE = Path("/etc/flags.env")
SHIPPED = Path(__file__).parent.parent / "etc" / "flags.env"
HEALING = "FEATURE_AUTO_HEALING_ENABLED"


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("", True),
        ("# FEATURE_AUTO_HEALING_ENABLED=false", True),
        (f"{HEALING}=false", False),
        (f"{HEALING}=false\n{HEALING}=true\n", True),
        (f"{HEALING}=true\n{HEALING}=false\n", False),
        (f"  export {HEALING}='off'\r\n", False),
        (f'{HEALING}="NO" # because', False),
        (f"{HEALING} = 0", False),
        (f"{HEALING}=0\n\n{HEALING}=On", True),
    ],
)
def test_parse(text: str, *, on: bool) -> None:
    """The last line of a flag wins; comments, quotes and export are understood."""
    assert Flags(auto_healing=on) == parse_flags(text, FILE)


@pytest.mark.parametrize("name", FIELDS)
def test_each_flag_has_its_own_field(name: str) -> None:
    """Each of them switches one field off, and nothing else."""
    off = parse_flags(f"{name}=false", FILE)
    assert [FIELDS[name]] == [f for f in Flags.__struct_fields__ if not getattr(off, f)]


def test_all_wrong_lines_at_once() -> None:
    """Every wrong line is named, with its number and what helps."""
    text = f"nonsense\n{HEALING}=maybe\n{HEALING}=true\nFEATURE_AUTO_HEALING=1\nX=1\n"
    with pytest.raises(FlagError) as raised:
        parse_flags(text, FILE)
    first, second, third, fourth = str(raised.value).split("\n")
    assert "/etc/flags.env:1: expected KEY=true or KEY=false, got 'nonsense'" == first
    assert f"/etc/flags.env:2: {HEALING}: expected true or false, got 'maybe'" == second
    assert third.endswith(f"'FEATURE_AUTO_HEALING'; did you mean {HEALING}?")
    assert fourth.startswith("/etc/flags.env:5: unknown flag 'X'; known: FEATURE_")


@pytest.mark.parametrize(
    "line", [f"{HEALING}", f"{HEALING}='true", f"{HEALING}=true#x", f"{HEALING}=", "=1"]
)
def test_wrong_lines(line: str) -> None:
    """A line that is only nearly right is wrong."""
    with pytest.raises(FlagError):
        parse_flags(line, FILE)


@given(st.text() | st.text("FEATURE_=\n \"'#x1").map(lambda text: HEALING + text))
def test_any_text(text: str) -> None:
    """Any text gives flags or a FlagError whose words can be encoded."""
    try:
        parse_flags(text, FILE)
    except FlagError as error:
        words = str(error)
    else:
        return
    assert words.encode()


def test_long_hostile_line() -> None:
    """A line made for backtracking is refused at once."""
    with pytest.raises(FlagError):
        parse_flags(f"{HEALING}=" + " " * 1_000_000 + "x'", FILE)


def test_missing_file(tmp_path: Path) -> None:
    """No file says nothing; what that means depends on what was before."""
    assert read_flags(tmp_path / "flags.env") is None


def test_shipped_file() -> None:
    """The flag file that we ship names all flags, all on."""
    assert Flags() == read_flags(SHIPPED)
    lines = SHIPPED.read_text().splitlines()
    assert [f"{name}=true" for name in FIELDS] == [x for x in lines if x[:1] == "F"]


def test_echo_appends(tmp_path: Path) -> None:
    """The contract's ``echo … >> FILE`` switches healing off, whatever was there."""
    file = tmp_path / "flags.env"
    file.write_text(SHIPPED.read_text() + f"{HEALING}=false\n")
    assert Flags(auto_healing=False) == read_flags(file)


def test_unreadable_files(tmp_path: Path) -> None:
    """Folder, FIFO, wrong encoding, path through a file: all are told in words."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    latin = tmp_path / "latin"
    latin.write_bytes(b"# fine\n# \xff\n")
    for path, words in (
        (tmp_path, "not a regular file"),
        (fifo, "not a regular file"),
        (latin, "latin:2: not UTF-8"),
        (latin / "x", "cannot read: not a directory"),
    ):
        with pytest.raises(FlagError, match=words):
            read_flags(path)
