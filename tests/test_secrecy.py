import os
from pathlib import Path

import pytest

from selfhealingd.config import load_config
from selfhealingd.core.shapes import MARK
from selfhealingd.secrecy import Secrecy

CONFIG = """
[program.web]
command = ["web", "--token", "of-a-flag"]
environment = { GREETING = { file = "secret" }, DB_PASSWORD = "of-a-variable" }
[program.web.liveness]
http = "http://127.0.0.1/"
headers = { Authorization = "Bearer of-a-header" }
[runbook.mend]
command = "mend --password=of-a-runbook"
[on.incident-opened]
webhook = "https://chat.example/of-a-hook"
secret = "of-a-signature"
[on.any]
notify = "slack://token-of-a-chat/B/C"
"""


def test_what_is_configured_as_a_secret_is_told_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is configured; a file's content whatever it is for."""
    (tmp_path / "secret").write_text("of a file\n")
    (tmp_path / "c.toml").write_text(CONFIG)
    monkeypatch.setattr(os, "environ", {"BACKUP_PASSPHRASE": "of-the-daemon"})
    config = load_config(tmp_path / "c.toml", environ={}, uid=0)
    secrecy = Secrecy(lambda: config)
    secrecy.keys = ("a-models-key",)
    for secret in (
        "of a file",
        "of-a-variable",
        "of-a-flag",
        "of-a-header",
        "of-a-runbook",
        "of-a-signature",
        "of-the-daemon",
        "a-models-key",
        "/of-a-hook",
        "token-of-a-chat",
    ):
        assert f"so {MARK} was\nsaid" == secrecy.told(f"so {secret} was\nsaid")
    assert "so said web" == secrecy.told("so said web")


def test_a_secret_that_was_changed_is_still_one(tmp_path: Path) -> None:
    """A reload restarts no program: what runs may say the one that it has."""
    file = tmp_path / "c.toml"
    configs = []
    for value in ("the-first-one", "the-second-one"):
        file.write_text(CONFIG.replace("of-a-variable", value))
        (tmp_path / "secret").write_text("of a file")
        configs.append(load_config(file, environ={}, uid=0))
    in_force = configs[:1]
    secrecy = Secrecy(lambda: in_force[-1])
    assert MARK == secrecy.told("the-first-one")
    in_force.append(configs[1])
    assert (MARK, MARK) == tuple(map(secrecy.told, ("the-first-one", "the-second-one")))


def test_other_keys_are_known_at_once(tmp_path: Path) -> None:
    """And one redactor does for as long as nothing is different."""
    (tmp_path / "c.toml").write_text("# none")
    config = load_config(tmp_path / "c.toml", environ={}, uid=0)
    secrecy = Secrecy(lambda: config)
    first = secrecy.redactor()
    assert first is secrecy.redactor()
    assert "new-key" == secrecy.told("new-key")
    secrecy.keys = ("new-key",)
    assert MARK == secrecy.told("new-key")
