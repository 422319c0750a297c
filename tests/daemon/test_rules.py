"""Rules of real programs, in the real daemon."""

import sys
from typing import Any

import pytest
from harness import House, soon, well

pytestmark = pytest.mark.process

FAST = {"sample_interval": 0.1}
LEAK = """
import time
kept = []
while True:
    kept.append(bytearray(1 << 20))
    time.sleep(0.005)
"""


def leaking(*rules: Any) -> dict[str, Any]:
    return {"command": [sys.executable, "-c", LEAK], "rules": list(rules)}


def inputs(house: House, kind: str) -> list[dict[str, Any]]:
    """What came in, of one kind of event."""
    found = (one.get("event", {}) for one in house.records())
    return [event for event in found if event.get("type") == kind]


async def test_a_leak_is_noticed(house: House) -> None:
    """With what was measured, once, and not for a program that doesn't leak."""
    rule = "memory > 60MiB for 3 samples"
    house.write(
        {"leak": leaking({"when": rule, "remedy": "hold"}), "web": well(rules=[rule])},
        daemon=FAST,
    )
    await house.start()
    await soon(lambda: bool(inputs(house, "Sickened")))
    [event] = inputs(house, "Sickened")
    symptom = event["symptom"]
    assert ("leak", f"rule {rule}", "rule") == (
        event["service"],
        symptom["key"],
        symptom["cause"],
    )
    assert f"({rule})" in symptom["words"]
    assert "MiB" in symptom["words"]
    assert 0.3 == pytest.approx(symptom["notice_secs"])


async def test_a_reload_ends_what_a_removed_rule_found(house: House) -> None:
    """Nothing is restarted for it, and a new rule is judged at once."""
    first, second = ({"when": w, "remedy": "hold"} for w in ("threads >= 1", "fds > 0"))
    house.write({"web": well(rules=[first])}, daemon=FAST)
    await house.start()
    await soon(lambda: bool(inputs(house, "Sickened")))
    pid = (await house.running("web"))["web"]
    house.change(web=well(rules=[second]))
    assert ["changed: web"] == (await house.call("reload"))["applied"]
    await soon(
        lambda: 2 == len(inputs(house, "Sickened")) and inputs(house, "Recovered")
    )
    [gone] = inputs(house, "Recovered")
    assert "rule threads >= 1" == gone["key"]
    assert pid == (await house.running("web"))["web"]
