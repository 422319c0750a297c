"""What would be sent about an incident, and when nothing is."""

from pathlib import Path

import pytest

from selfhealingd.config import load_config
from selfhealingd.config.settings import Config
from selfhealingd.core.endpoint import Endpoint
from selfhealingd.core.policy import Flags
from selfhealingd.diagnosing import Diagnosis
from selfhealingd.problems import Problems
from selfhealingd.secrecy import Secrecy
from selfhealingd.spending import CannotAsk
from selfhealingd.wire.documents import IncidentDocument

CONFIG = """
[program.web]
command = "web"
environment = { ADMIN_TOKEN = "planted-name" }
[runbook.NAME]
command = "mend"
"""
INCIDENT = IncidentDocument(
    id="web-1",
    service="web",
    cause="exit",
    detail="said planted-name",
    opened="2026-11-26T03:00:00.100Z",
    ended=None,
    outcome=None,
)


def diagnosis(folder: Path, runbook: str, secrecy: Secrecy | None = None) -> Diagnosis:
    """A model's, in a config whose runbook has that name."""
    (folder / "c.toml").write_text(CONFIG.replace("NAME", runbook))
    config = load_config(folder / "c.toml", environ={}, uid=0)
    return Diagnosis(
        lambda: (config, Flags()),
        "mark",
        Problems(),
        secrecy or Secrecy(lambda: config),
        endpoint=Endpoint(),
        changed=lambda: None,
    )


async def test_nothing_is_sent_where_a_secret_is_left(tmp_path: Path) -> None:
    """Wherever in the request it stands: here it is a runbook's name."""
    asked = await diagnosis(tmp_path, "mend").question(INCIDENT, None)
    assert b"said [redacted]" in asked.body
    assert b"planted" not in asked.body
    with pytest.raises(CannotAsk, match="nothing was sent: a configured secret"):
        await diagnosis(tmp_path, "planted-name").question(INCIDENT, None)


async def test_nothing_is_sent_where_redaction_fails(tmp_path: Path) -> None:
    """In whatever way: who asked is told where to look."""

    def broken() -> Config:
        raise KeyError("a defect")

    its = diagnosis(tmp_path, "mend", Secrecy(broken))
    with pytest.raises(CannotAsk, match="nothing was sent: a defect of ours"):
        await its.question(INCIDENT, None)
