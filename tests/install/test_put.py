import os
from pathlib import Path

import pytest

from selfhealingd.install.content import Item
from selfhealingd.install.errors import CannotInstall
from selfhealingd.install.layout import Kind
from selfhealingd.install.put import Verdict, look, put, take_away


def item(target: Path, kind: Kind = Kind.UNIT, data: bytes = b"ours") -> Item:
    return Item(source=Path("/shipped"), target=target, data=data, kind=kind)


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    ("before", "verdict"),
    [(None, Verdict.NEW), (b"ours", Verdict.SAME), (b"theirs", None)],
)
def test_what_is_there_decides(
    tmp_path: Path, kind: Kind, before: bytes | None, verdict: Verdict | None
) -> None:
    """A changed config stays; anything else becomes ours. Looking changes nothing."""
    target = tmp_path / "file"
    if before is not None:
        target.write_bytes(before)
    kept = verdict is None and kind is Kind.CONFIG
    expected = verdict or (Verdict.KEPT if kept else Verdict.REPLACED)

    assert expected == look(item(target, kind))
    assert before == (target.read_bytes() if target.exists() else None)

    assert expected == put(item(target, kind))
    assert (before if kept else b"ours") == target.read_bytes()


def test_a_replaced_unit_is_kept_beside(tmp_path: Path) -> None:
    """Somebody may have changed it; a manual page nobody has."""
    unit, page = tmp_path / "a.service", tmp_path / "a.1"
    unit.write_text("edited")
    page.write_text("older")
    put(item(unit))
    put(item(page, Kind.PAGE))
    assert {"a.service", "a.service.old", "a.1"} == names(tmp_path)
    assert "edited" == (tmp_path / "a.service.old").read_text()


def test_what_was_put_is_taken_away(tmp_path: Path) -> None:
    """With the folders that are our own, if nobody else has something there."""
    there = tmp_path / "doc" / "selfhealingd" / "examples" / "a"
    put(item(there))
    assert take_away(item(there))
    assert {"doc"} == names(tmp_path)
    assert not take_away(item(there))
    put(item(there))
    (there.parents[1] / "mine").touch()
    assert take_away(item(there))
    assert {"mine"} == names(there.parents[1])
    (tmp_path / "folder").mkdir()
    with pytest.raises(CannotInstall, match=f"cannot remove {tmp_path}/folder: "):
        take_away(item(tmp_path / "folder"))


def test_everybody_may_read_what_is_put(tmp_path: Path) -> None:
    """Whatever root's umask says, folders included."""
    target = tmp_path / "one" / "two" / "file"
    before = os.umask(0o077)
    try:
        put(item(target))
    finally:
        os.umask(before)
    assert 0o644 == target.stat().st_mode & 0o777
    assert 0o755 == target.parent.stat().st_mode & 0o777
    assert 0o755 == target.parent.parent.stat().st_mode & 0o777


def test_a_config_that_is_a_dangling_link_is_somebodys(tmp_path: Path) -> None:
    """Its target may be on a disk that isn't mounted."""
    target = tmp_path / "selfhealingd.toml"
    target.symlink_to("/nonexistent/file")
    assert Verdict.KEPT == put(item(target, Kind.CONFIG))
    assert target.is_symlink()


def test_what_is_in_the_way_is_named(tmp_path: Path) -> None:
    """With the reason, and nothing is left lying about."""
    (tmp_path / "file").touch()
    with pytest.raises(CannotInstall, match=f"{tmp_path}/file/x: not a directory"):
        put(item(tmp_path / "file" / "x"))
    (tmp_path / "folder").mkdir()
    with pytest.raises(CannotInstall, match="is a directory"):
        put(item(tmp_path / "folder"))
    assert {"file", "folder"} == names(tmp_path)
