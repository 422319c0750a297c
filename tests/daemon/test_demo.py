"""The demo shows what it promises to."""

import re
import shlex
import shutil
import signal
from pathlib import Path

import pytest
import trio
from harness import House, after, breaker, lives, said

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]

TOP = Path(__file__).parents[2]
ETC = TOP / "etc"
TUTORIAL = (TOP / "docs" / "tutorial.md").read_text()

PLACES = """
state_dir = "state"
runtime_dir = "run"
log_dir = "logs"
flags_file = "flags.env"
"""

SOCKET = """
[control]
socket = "s"
"""


async def test_the_demo_shows_crash_restart_and_verdict(house: House) -> None:
    """One is well, three are healed, one is given up, one needs SIGKILL.

    Meanwhile all can be typed that the tutorial has typed.
    """
    shutil.copytree(ETC / "demo", house.root / "demo")
    before, daemon, after_it = (ETC / "demo.toml").read_text().partition("[daemon]\n")
    house.config.write_text(f"{before}{daemon}{PLACES}{after_it}{SOCKET}")
    await house.start()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_crashy_is_healed, house)
        nursery.start_soon(_neverstarts_is_blocked, house)
        nursery.start_soon(_is_healed, house, "leaky", "memory: .* MiB")
        nursery.start_soon(_is_healed, house, "hanging", "nothing written")
    for words in typed():
        ran = await house.ctl(*words)
        assert 0 == ran.status, f"{words}: {ran.out}{ran.err}"
    pids = await house.running("well", "stubborn")
    [beat] = [
        task
        for task in (await house.call("status"))["backgroundTasks"]["tasks"]
        if task["id"] == "heartbeat"
    ]
    assert (0, None) == (beat["failures"], beat["lastError"])
    async with house.events(last=0) as events:
        house.signal(signal.SIGTERM)
        await events.until(
            said("has not ended.*SIGKILL", service="stubborn", kind="service.killed")
        )
    assert 0 == await house.wait()
    assert [False, False] == [lives(pid) for pid in pids.values()]
    assert {} == house.marked()


def typed() -> list[list[str]]:
    """Return what the tutorial asks the client, but for what goes on until Ctrl-C."""
    blocks = re.findall(r"^```sh\n(.*?)^```", TUTORIAL, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(x, comments=True) for b in blocks for x in b.splitlines()]
    return [
        words[1:] for words in lines if words[0] == "selfhealctl" and "-f" not in words
    ]


async def _crashy_is_healed(house: House) -> None:
    await house.until(
        said("crashed", service="crashy", kind="incident.opened"),
        after("RUNNING", "crashy"),
        said("verified", service="crashy", kind="attempt.ended"),
        said("healed", service="crashy", kind="incident.ended"),
        seconds=90,
    )


async def _is_healed(house: House, name: str, seen: str) -> None:
    await house.until(
        said(f"is not well: .*{seen}", service=name, kind="incident.opened"),
        after("RUNNING", name),
        said("healed", service=name, kind="incident.ended"),
        seconds=90,
    )


async def _neverstarts_is_blocked(house: House) -> None:
    await house.until(
        said("failed to start", service="neverstarts", kind="incident.opened"),
        after("BACKOFF", "neverstarts"),
        said("is OPEN for", breaker="program:neverstarts"),
        seconds=90,
    )
    status = await house.call("status")
    assert "OPEN" in breaker(status, "program:neverstarts")["state"]
    assert not status["selfHealing"]["isDormant"]
