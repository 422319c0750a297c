"""What the properties of a unit mean for who watches it."""

import os
from pathlib import Path

import pytest
import trio

from selfhealingd.supervise.identity import Identity, start_ticks
from selfhealingd.supervise.watching.manager import Manager
from selfhealingd.supervise.watching.sight import (
    Busy,
    Down,
    Sight,
    Unknown,
    Up,
    Withdrawn,
)
from selfhealingd.supervise.watching.unit import UnitEye, judge

ME = str(os.getpid())


def seen(**facts: str) -> Sight:
    usual = {"LoadState": "loaded", "Result": "success", "MainPID": "0"}
    return judge("a.service", {**usual, "SubState": "x", **facts})


@pytest.mark.parametrize(
    ("facts", "sight"),
    [
        (
            {"ActiveState": "active"},
            Busy("a.service is active, but has no main process now"),
        ),
        ({"ActiveState": "inactive"}, Withdrawn("a.service is stopped")),
        (
            {"ActiveState": "inactive", "LoadState": "masked"},
            Withdrawn("a.service is masked"),
        ),
        (
            {"ActiveState": "failed", "Result": "signal"},
            Down("a.service failed: signal", final=True),
        ),
        (
            {"ActiveState": "inactive", "Result": "resources"},
            Down("a.service is inactive: resources", final=True),
        ),
        (
            {"ActiveState": "activating", "SubState": "auto-restart"},
            Busy("a.service is activating (auto-restart)"),
        ),
        (
            {"ActiveState": "deactivating", "SubState": "stop", "MainPID": ME},
            Busy("a.service is deactivating (stop)"),
        ),
        (
            {"ActiveState": "inactive", "LoadState": "not-found"},
            Down("a.service cannot be loaded: it is not-found", final=True),
        ),
        ({}, Busy("a.service is  (x)")),
    ],
)
def test_states(facts: dict[str, str], sight: Sight) -> None:
    """Stopped by somebody, failed, or in systemd's hands: each is another thing."""
    assert sight == seen(**facts)


@pytest.mark.parametrize("state", ["active", "reloading"])
def test_a_unit_with_a_main_process(state: str) -> None:
    """It is up, also while it reads its config again."""
    found = Identity(os.getpid(), start_ticks(os.getpid()) or 0)
    assert Up(found) == seen(ActiveState=state, MainPID=ME)


@pytest.mark.skipif(Path("/run/systemd/system").exists(), reason="systemd runs here")
@pytest.mark.process
async def test_without_systemd_nothing_is_wrong() -> None:
    """What can't be asked is unknown, not down."""
    async with trio.open_nursery() as nursery:
        sight = await UnitEye("a.service", Manager(nursery)).look()
        assert isinstance(sight, Unknown)
        assert "systemd" in sight.words or "systemctl" in sight.words
