"""Evidence of an earlier version loses its secrets on disk, and nothing else."""

import os
from pathlib import Path

import msgspec

from selfhealingd.config import load_config
from selfhealingd.config.settings import Config
from selfhealingd.core.shapes import MARK
from selfhealingd.redacting import redact_kept
from selfhealingd.secrecy import Secrecy
from selfhealingd.store.evidence import EvidenceStore
from selfhealingd.wire.evidence import EvidenceDocument, SaidDocument

LINES = ("login as planted", "-----BEGIN PRIVATE KEY-----", "MIIEplanted")
OLD = EvidenceDocument(
    incident="web-1",
    service="web",
    run=3,
    taken="2026-11-26T03:00:00.100Z",
    telling=LINES[::2],
    output=(SaidDocument(path="/var/log/web.log", lines=LINES),),
)
CONFIG = """
[program.web]
command = "web"
environment = { DB_PASSWORD = "planted" }
"""


def config_in(folder: Path) -> Config:
    (folder / "c.toml").write_text(CONFIG)
    return load_config(folder / "c.toml", environ={}, uid=0)


def secrecy_of(folder: Path) -> Secrecy:
    config = config_in(folder)
    return Secrecy(lambda: config)


async def test_what_was_kept_with_secrets_is_kept_without(tmp_path: Path) -> None:
    """It is as old as before, and done once; what can't be read stays."""
    store = EvidenceStore(tmp_path / "evidence")
    await redact_kept(store, secrecy_of(tmp_path))  # there is no folder yet
    store.write("web-1", msgspec.json.encode(OLD))
    store.write("web-2", b'{"nonsense planted"')
    old, broken = (store.folder / f"web-{number}.json" for number in (1, 2))
    os.utime(old, (1e9, 1e9))
    await redact_kept(store, secrecy_of(tmp_path))
    found = msgspec.json.decode(old.read_bytes(), type=EvidenceDocument)
    assert (f"login as {MARK}", MARK, MARK) == found.output[0].lines
    assert MARK in found.telling
    assert b"planted" not in old.read_bytes()
    assert 1e9 == old.stat().st_mtime
    assert b'{"nonsense planted"' == broken.read_bytes()
    inode = old.stat().st_ino
    await redact_kept(store, secrecy_of(tmp_path))
    assert inode == old.stat().st_ino


async def test_a_defect_keeps_no_other_from_being_redacted(tmp_path: Path) -> None:
    """It is one incident's, and would be met at the next start again."""
    config = config_in(tmp_path)
    fails = iter((True, False))

    def in_force() -> Config:
        if next(fails, False):
            raise KeyError("a defect")
        return config

    store = EvidenceStore(tmp_path / "evidence")
    for name in ("web-1", "web-2"):
        store.write(name, msgspec.json.encode(OLD))
    await redact_kept(store, Secrecy(in_force))
    left, done = (store.read(name) or b"" for name in ("web-1", "web-2"))
    assert b"planted" in left
    assert b"planted" not in done
