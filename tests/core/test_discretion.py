import msgspec

from selfhealingd.core.discretion import redacted
from selfhealingd.core.redaction import Redactor
from selfhealingd.core.shapes import MARK
from selfhealingd.wire.evidence import (
    EvidenceDocument,
    ProcessDocument,
    SaidDocument,
    SamplesDocument,
)

LINES = (
    "login with hunter2pass",
    "password=planted1234",
    "-----BEGIN PRIVATE KEY-----",
    "MIIEplanted",
    "-----END PRIVATE KEY-----",
    "error: container 4f2a9c81d07be35561aa0c9d is gone",
)
FOUND = EvidenceDocument(
    incident="hunter2pass-1",
    service="hunter2pass",
    run=3,
    taken="2026-11-26T03:00:00.100Z",
    alive=True,
    pid=7,
    telling=LINES,
    output=(SaidDocument(path="/var/log/web.log", lines=LINES),),
    tree=(
        ProcessDocument(
            pid=7, parent=1, state="S", name="web", command="web --token planted1234"
        ),
    ),
    host={"load": "1.0", "note": "HUNTER2PASS"},
    samples=SamplesDocument(columns=("run", "ago"), rows=((3.0, None),)),
)


def test_no_part_of_what_is_kept_has_a_secret() -> None:
    """Lines of keys go as a whole, in what tells most as well; names and ids stay."""
    kept = redacted(FOUND, Redactor(["hunter2pass"]))
    text = msgspec.json.encode(kept).decode().replace(FOUND.incident, "")
    assert "planted" not in text
    assert 1 == text.lower().count("hunter2pass")  # the service's name
    assert f"web --token {MARK}" == kept.tree[0].command
    assert LINES[-1] == kept.telling[-1] == kept.output[0].lines[-1]
    assert f"login with {MARK}" == kept.output[0].lines[0]
    assert FOUND.samples == kept.samples


def test_without_a_secret_nothing_is_different() -> None:
    """Evidence is as useful as before; so is what was not found."""
    plain = msgspec.structs.replace(FOUND, output=(), telling=(), tree=(), host={})
    kept = redacted(plain, Redactor(["another one"]))
    assert msgspec.structs.replace(plain, redacted=True) == kept


def test_what_was_kept_loses_what_is_a_secret_since() -> None:
    """Lines that told most stay, though the output they are from was cut since."""
    kept = redacted(FOUND, Redactor([]))
    shown = redacted(msgspec.structs.replace(kept, output=()), Redactor(["is gone"]))
    assert f"error: container 4f2a9c81d07be35561aa0c9d {MARK}" == shown.telling[-1]
    assert kept.telling[:-1] == shown.telling[:-1]
