"""Files are read, or what is in the way is told in words."""

import os
from pathlib import Path

import pytest

from selfhealingd.config.files import CannotRead, matching, read_text, read_toml


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (b"a = 1\nb = \xff", r"not UTF-8 text \(line 2\)"),
        (b"a = 1\nb = = 2", r"not valid TOML: .*line 2, column 5"),
        (b"a = 1\na = 2", "not valid TOML: Cannot overwrite a value"),
        (b"a = " + b"1" * 5000, "not valid TOML"),
        (b"a = " + b"[" * 100_000, "nested too deeply"),
        (b"#" * (4 * 1024 * 1024 + 1), "bigger than"),
    ],
    ids=range(8),
)
def test_bad_content(tmp_path: Path, content: bytes, words: str) -> None:
    """Content that is no config is refused, with the line where there is one."""
    file = tmp_path / "x.toml"
    file.write_bytes(content)
    with pytest.raises(CannotRead, match=words):
        read_toml(file)


def test_not_files(tmp_path: Path) -> None:
    """What is missing, a folder or a FIFO is told so, without waiting for a writer."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path, words in (
        (tmp_path, "is a directory"),
        (fifo, "not a regular file"),
        (loop, "too many levels of symbolic links"),
        (tmp_path / "x", "no such file"),
        (tmp_path / "\0", "null byte"),
    ):
        with pytest.raises(CannotRead, match=words):
            read_text(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    """A file that may not be read is told so."""
    file = tmp_path / "x"
    file.touch(mode=0)
    with pytest.raises(CannotRead, match="permission denied"):
        read_text(file)


def test_byte_order_mark(tmp_path: Path) -> None:
    """A mark that an editor left at the beginning does no harm."""
    file = tmp_path / "x"
    file.write_bytes(b"\xef\xbb\xbfa = 1")
    assert ({"a": 1}, ()) == read_toml(file)


@pytest.mark.parametrize(
    ("line", "hint"), [("mode = 0660", '; write it in quotes: "0660"'), ("x = 08", "")]
)
def test_a_mode_is_written_in_quotes(tmp_path: Path, line: str, hint: str) -> None:
    """TOML has no such numbers, and its parser does not say what to do."""
    file = tmp_path / "x"
    file.write_text(f"a = 1\n{line}\n")
    with pytest.raises(CannotRead, match=r"at line 2") as raised:
        read_toml(file)
    assert str(raised.value).endswith(f"){hint}")


def test_matching(tmp_path: Path) -> None:
    """Matches are sorted; hidden files are none; glob signs in the folder are not."""
    folder = tmp_path / "[x]"
    (folder / "d").mkdir(parents=True)
    for name in ("b.toml", "a.toml", ".c.toml", "d.txt"):
        (folder / "d" / name).touch()
    expected = [folder / "d/a.toml", folder / "d/b.toml"]
    assert expected == matching(folder, "d/*.toml")
    assert expected == matching(folder, "*/*.toml")
    assert [] == matching(folder, "d/*.nope")
    assert [folder / "plain"] == matching(folder, "plain")


def test_matching_absolute(tmp_path: Path) -> None:
    """An absolute pattern does not depend on the folder."""
    (tmp_path / "a.toml").touch()
    assert [tmp_path / "a.toml"] == matching(Path("/"), f"{tmp_path}/*.toml")


def test_matching_in_no_folder(tmp_path: Path) -> None:
    """A pattern's folder must be there to be looked into."""
    with pytest.raises(CannotRead, match=r"cannot look into .*/nope"):
        matching(tmp_path, "nope/*.toml")
