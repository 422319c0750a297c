"""Rules of real programs, in the real daemon."""

import sys
from typing import Any

import pytest
import trio
from harness import House, after, said, sh, soon, well

pytestmark = pytest.mark.process

FAST = {"sample_interval": 0.1}
LEAK = """
import time
kept = []
while True:
    kept.append(bytearray(1 << 20))
    time.sleep(0.005)
"""
ONCE = """
import os
if os.path.exists("ok"):
    os.execvp("sleep", ["sleep", "999"])
open("ok", "w")
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


async def test_a_leak_is_healed(house: House) -> None:
    """By a restart, which is verified for as long as the rule takes to be met again."""
    rule = "memory > 60MiB for 3 samples"
    # Leaks in its first life alone.
    once = f"{ONCE}{LEAK}"
    program = {
        "command": [sys.executable, "-c", once],
        "directory": str(house.root),
        "rules": [{"when": rule, "remedy": "restart"}],
    }
    house.write({"leak": program}, daemon=FAST)
    await house.start()
    opened, began, ended, closed = await house.until(
        said(service="leak", kind="incident.opened"),
        said("restart", service="leak", kind="attempt.began"),
        said(service="leak", kind="attempt.ended"),
        said(service="leak", kind="incident.ended"),
    )
    assert "rule" == opened["data"]["incident"]["cause"]
    assert rule in opened["words"]
    assert "restart" == began["data"]["attempt"]["remedy"]
    assert "healed" == ended["data"]["attempt"]["result"]
    assert "healed" == closed["data"]["incident"]["outcome"]
    assert 2 == (await house.program("leak"))["runs"]


async def test_many_restarts_are_told_and_held(house: House) -> None:
    """An operator's restarts are counted, and nothing more is restarted for it."""
    house.write({"web": well(rules=["restarts > 1 in 1h"])}, daemon=FAST)
    await house.start()
    await house.running("web")
    for _ in range(2):
        await house.ctl("restart", "web")
    [opened] = await house.until(said(service="web", kind="incident.opened"))
    assert "restarts: 2 (restarts > 1 in 1h)" in opened["words"]
    assert 3 == (await house.program("web"))["runs"]


async def test_what_never_gets_up_is_mended_by_its_rule(house: House) -> None:
    """A runbook is run before the next start, once there were too many."""
    web = sh("test -e mended && exec sleep 1000", directory=str(house.root))
    web["rules"] = [{"when": "restarts > 1 in 3s", "remedy": "run mend"}]
    mend = {"command": ["touch", "mended"], "directory": str(house.root)}
    house.write({"web": web}, daemon=FAST, runbook={"mend": mend})
    await house.start()
    await house.until(said(service="web", kind="incident.ended"))
    [incident] = await house.call("incidents")
    tried = [(one["remedy"], one["result"]) for one in incident["attempts"]]
    assert ("run mend, and start", "healed") == tried[-1]
    assert {("restart", "no effect")} == set(tried[:-1])


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


async def test_rules_of_the_host_are_told_in_status(house: House) -> None:
    """With the next command, for as long as they are met; a runbook is run once."""
    mend = {"command": ["sh", "-c", 'echo "$SELFHEALINGD_DETAIL" >> ran; exit 3']}
    rules = [
        {"when": "load >= 0", "remedy": "run mend", "level": "critical"},
        {"when": "disk / > 0%"},
        {"when": "memory > 99.99%"},
    ]
    house.write(
        {"web": well()},
        daemon=FAST,
        host={"rules": rules},
        runbook={"mend": {**mend, "directory": str(house.root)}},
    )
    await house.start()
    status = await house.until_status(
        lambda s: len(s["issues"]) == 2 and "status 3" in s["issues"][0]
    )
    load, disk = status["issues"]
    assert load.startswith("CRITICAL: host: load of 1 min: ")
    assert load.endswith("(load >= 0); mend did not do its work: exited with status 3")
    assert disk.startswith("WARNING: host: space in use on /: ")
    assert "see what it is: du -xh / " in status["recommendations"][1]
    assert "critical" == status["status"]
    ran = (house.root / "ran").read_text().splitlines()
    assert ["host: load of 1 min: "] == [line[:21] for line in ran]


async def test_flags_hide_what_is_wrong_with_the_host(house: House) -> None:
    """Nothing is told or run while nobody shall look; then it is told again."""
    rules = [{"when": "load >= 0", "remedy": "run mend"}]
    runbook = {"mend": {"command": "touch ran", "directory": str(house.root)}}
    house.flags.write_text("FEATURE_AUTO_HEALING_ENABLED=false\n")
    house.write({"web": well()}, daemon=FAST, host={"rules": rules}, runbook=runbook)
    await house.start()
    found = await house.until_status(lambda s: any("load" in i for i in s["issues"]))
    house.flags.write_text("FEATURE_AUTO_DETECTION_MONITORING=false\n")
    await house.call("reload")
    [hidden] = (await house.call("status"))["issues"]
    assert "detection is switched off" in hidden
    house.flags.write_text("")
    await house.call("reload")
    [issue] = (await house.call("status"))["issues"]
    assert issue in found["issues"]
    assert not (house.root / "ran").exists()
    house.write({"web": well()}, daemon=FAST, runbook=runbook)
    assert ["host"] == (await house.call("reload"))["applied"]
    assert [] == (await house.call("status"))["issues"]


async def test_checks(house: House) -> None:
    """One of the host is told in status; one of a service, to its service."""
    (house.root / "there").touch()
    checks = {
        "there": {"file": "there", "every": 0.1},
        "gone": {"file": "gone", "every": 0.1, "level": "critical"},
        "web": {"folder": "gone", "every": 0.1, "service": "web", "remedy": "hold"},
    }
    house.write({"web": well()}, daemon=FAST, check=checks)
    await house.start()
    gone = house.root / "gone"
    status = await house.until_status(lambda s: s["status"] == "critical")
    assert f"CRITICAL: check gone: {gone} is not there" in status["issues"]
    assert f"see: ls -l {gone}" in status["recommendations"]
    await soon(lambda: bool(inputs(house, "Sickened")))
    [event] = inputs(house, "Sickened")
    assert ("web", "check web") == (event["service"], event["symptom"]["key"])
    gone.mkdir()
    await soon(lambda: bool(inputs(house, "Recovered")))
    await house.until_status(lambda s: f"check gone: {gone} is a folder" in str(s))
    house.write({"web": well()}, daemon=FAST, check={"there": checks["there"]})
    applied = (await house.call("reload"))["applied"]
    assert ["check: gone", "check: web"] == applied
    await house.until_status(lambda s: [] == s["issues"])


async def test_what_nobody_can_ask_or_measure_is_a_warning(house: House) -> None:
    """A probe without its command, and a rule about a place that isn't there."""
    lost = {"exec": ["/no/such/command"], "period": 0.1, "timeout": 3}
    house.write(
        {"web": {**well(), "liveness": lost}},
        host={"rules": [{"when": "disk /nonexist > 90%"}]},
        daemon=FAST,
    )
    await house.start()
    status = await house.until_status(lambda s: 2 == len(s["issues"]))
    web, host = status["issues"]
    assert "WARNING: program web: its liveness can't be asked: command: " in web
    assert "disk /nonexist can't be measured" in host
    explained = (await house.ctl("explain", "web", "--no-json")).out
    assert "its liveness can't be asked" in explained
    assert "nothing is known to be wrong" not in explained


async def test_a_change_while_another_one_is_verified_is_taken_as_well(
    house: House,
) -> None:
    """The first restart did not last, so the next one takes what is there by then."""
    file, took = house.root / "f", house.root / "took"
    file.write_text("1")
    house.write(
        {
            "w": {
                "command": ["sh", "-c", f"cat {file} > {took}; exec sleep 999"],
                "startsecs": 0,
                "healing": {"backoff_initial": 0.1, "verify_secs": 1},
            }
        },
        check={
            "f": {
                "file": str(file),
                "checksum": "unchanged",
                "every": 0.1,
                "service": "w",
                "remedy": "restart",
            }
        },
    )
    await house.start()
    await house.running("w")
    await trio.sleep(0.3)  # what it is compared with is read by then
    file.write_text("2")
    await soon(lambda: "2" == took.read_text())
    await house.until(after("RUNNING", "w", run=2))
    await trio.sleep(0.3)
    file.write_text("3")
    await house.until(said("healed", kind="incident.ended"))
    assert "3" == took.read_text()
