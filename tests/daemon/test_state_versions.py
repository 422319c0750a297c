"""A start on what older daemons left: nothing that they had decided is lost."""

from pathlib import Path

import pytest
from harness import House, breaker, hopeless, programs, well

from selfhealingd.store.migrations import VERSION

pytestmark = pytest.mark.process

STATES = Path(__file__).with_name("states")
TICK = {"command": "true", "every": "1h"}


@pytest.mark.parametrize("version", range(1, VERSION + 1))
async def test_an_older_state_is_kept(house: House, version: int) -> None:
    """Each file was left by a killed daemon of its version, in the same situation.

    It was dormant, had given up on one program, ran one, and had been asked to stop
    one and to pause the tasks. The new one writes the present version.
    """
    house.write(
        {"only": hopeless(), "well": well(), "idle": well()}, tasks={"tick": TICK}
    )
    house.state.parent.mkdir()
    house.state.write_bytes((STATES / f"version-{version}.toml").read_bytes())
    await house.start()
    await house.running("well")
    status = await house.call("status")

    healing = status["selfHealing"]
    assert healing["isDormant"]
    assert (10, 0, 10) == (
        healing["totalAttempts"],
        healing["successfulHealings"],
        healing["failedHealings"],
    )
    for name in ("self-healing-main", "program:only"):
        assert "PERMANENT_OPEN" == breaker(status, name)["state"]
    assert breaker(status, "program:only")["changedAt"].startswith(
        "2026-11-24T03:55:40"
    )
    assert "CLOSED" == breaker(status, "program:well")["state"]
    states = {name: program["state"] for name, program in programs(status).items()}
    assert {"only": "FATAL", "well": "RUNNING", "idle": "STOPPED"} == states
    assert 11 == programs(status)["only"]["runs"]
    tasks = {task["id"]: task["state"] for task in status["backgroundTasks"]["tasks"]}
    assert ("paused", "paused") == (tasks["self-check"], tasks["tick"])
    assert not any("state file" in issue for issue in status["issues"])

    assert 0 == await house.stop()
    assert f"\nversion = {VERSION}\n" in house.state.read_text()
