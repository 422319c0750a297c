"""The cache of diagnoses on disk: it outlives the daemon, and its loss is none."""

from pathlib import Path

from selfhealingd.recalling import Recall
from selfhealingd.wire.diagnosis import ReportDocument

REPORT = ReportDocument(
    cause="crash", summary="It crashed.", confidence=0.5, action="hold", by="model"
)


async def test_what_is_kept_is_found_by_the_next_daemon(tmp_path: Path) -> None:
    """Until it is forgotten; a garbled file or a bad disk costs a call at most."""
    file = tmp_path / "llm-cache.json"
    await Recall(lambda: file).keep("k", "web-1", REPORT)
    found = await Recall(lambda: file).find("k")
    assert found is not None
    assert ("web-1", REPORT) == (found.incident, found.report)
    assert 0o600 == file.stat().st_mode & 0o777
    await Recall(lambda: file).forget("web-1")
    assert await Recall(lambda: file).find("k") is None
    file.write_bytes(b'{"known": [{')
    assert await Recall(lambda: file).find("k") is None
    await Recall(lambda: tmp_path / "no folder" / "x").keep("k", "web-1", REPORT)
