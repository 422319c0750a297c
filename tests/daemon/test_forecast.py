"""A real daemon looks ahead at real processes, and says so where it is too early."""

import pytest
from harness import DEADLINE, House, soon, well

pytestmark = pytest.mark.process


async def test_what_has_a_limit_is_listed(house: House) -> None:
    """Of each service memory and descriptors, and the host's memory and disks."""
    house.write(
        {"web": {**well(), "rlimits": {"nofile": 500}}},
        daemon={"sample_interval": 0.1},
    )
    await house.start()
    await house.running("web")

    async def listed() -> bool:
        return len(await house.call("forecast", names=["web"])) == 2

    await soon(listed, 30 + DEADLINE)  # a line begins with its first half minute
    found = {one["what"]: one for one in await house.call("forecast", names=[])}
    assert {"memory", "fds"} <= found.keys()
    assert any(what.startswith("disk ") for what in found)
    fds = found["fds"]
    assert ("web", 500, "its limit") == (fds["service"], fds["limit"], fds["limitBy"])
    assert 0 < fds["value"] < 500
    assert fds["left"] is None
    shown = await house.ctl("forecast", "web", "--no-json")
    assert "too early to tell" in shown.out
    assert 0 == (await house.ctl("forecast")).status
    assert 4 == (await house.ctl("forecast", "wbe")).status
