import signal
import sys
from typing import Any

import pytest
from harness import House, programs, soon, well

pytestmark = pytest.mark.process

FAST = {"sample_interval": 0.1}
SPIN = "while True: pass"


def measured(status: dict[str, Any], *names: str) -> bool:
    """Say whether all was measured; right after its start one may use nothing."""
    each = [programs(status)[name] for name in names]
    return all(one["cpu"] is not None and one["memory"] for one in each)


async def test_status_shows_what_programs_use(house: House) -> None:
    """One that spins has more CPU than one that sleeps, and one that is down none."""
    spin = {"command": [sys.executable, "-c", SPIN]}
    house.write({"lazy": well(), "busy": spin}, daemon=FAST)
    await house.start()
    status = await house.until_status(
        lambda status: (
            measured(status, "lazy", "busy") and programs(status)["busy"]["cpu"] > 1
        )
    )
    lazy, busy = programs(status)["lazy"], programs(status)["busy"]
    assert lazy["cpu"] < busy["cpu"]
    assert 0 < lazy["memory"] < busy["memory"]
    await house.ctl("stop", "lazy")
    stopped = programs(await house.call("status"))["lazy"]
    assert (None, None) == (stopped["cpu"], stopped["memory"])


async def test_its_flag_ends_all_measuring(house: House) -> None:
    """While it is off, status shows no old values; on again, new ones."""
    house.write({"web": well()}, daemon=FAST)
    await house.start()
    await house.until_status(lambda status: measured(status, "web"))
    house.flags.write_text("FEATURE_PROCESS_MONITORING_ENABLED=false\n")
    await house.call("reload")
    web = programs(await house.call("status"))["web"]
    assert (None, None) == (web["cpu"], web["memory"])
    assert not (await house.call("samples"))["enabled"]
    house.flags.write_text("")
    house.signal(signal.SIGHUP)
    await house.until_status(lambda status: measured(status, "web"))


async def test_an_adopted_program_is_measured(house: House) -> None:
    """Another daemon looks at the same process."""
    house.write({"web": well()}, daemon=FAST)
    await house.start()
    pids = await house.running("web")
    await house.kill9()
    await house.start()
    status = await house.until_status(lambda status: measured(status, "web"))
    assert pids["web"] == programs(status)["web"]["pid"]


async def test_samples_gives_the_last_ones(house: House) -> None:
    """Those of each program, oldest first, and the host beside them."""
    house.write({"web": well(), "off": well(autostart=False)}, daemon=FAST)
    await house.start()
    await house.until_status(lambda status: measured(status, "web"))
    found = await house.call("samples", names=["all"])
    web, off = found["services"]
    assert ["run", "ago", "cpu", "memory"] == web["samples"]["columns"]
    runs, ago, *_ = zip(*web["samples"]["rows"], strict=True)
    assert {1} == set(runs)
    assert sorted(ago, reverse=True) == list(ago)
    assert {"name": "off", "limits": {}, "samples": None} == off
    assert found["host"]["values"]["memory"] < found["host"]["limits"]["memory"]
    [one] = (await house.call("samples", names=["web"], last=1))["services"]
    assert 1 == len(one["samples"]["rows"])


async def test_history_has_a_point_for_each_of_its_times(house: House) -> None:
    """Of everything if nothing is named: services by name, and the host."""
    house.write({"web": well(), "off": well(autostart=False)}, daemon=FAST)
    await house.start()
    await house.until_status(lambda status: measured(status, "web"))

    async def moves() -> bool:
        """Whether what is measured now and what was before are different points."""
        [one] = (await house.call("history", names=["web"]))["services"]
        return sum(value is not None for value in one["memory"]) > 3

    await soon(moves)
    found = await house.call("history", points=30)
    web, off = found["services"]
    assert ("web", "off") == (web["name"], off["name"])
    assert 30 == len(found["times"]) == len(web["cpu"]) == len(web["memory"])
    assert sorted(found["times"]) == found["times"]
    assert 0.4 == pytest.approx(found["step"])
    assert 0 < max(filter(None, web["memory"]))
    assert {None} == {*off["cpu"], *off["memory"]}
    host = found["host"]
    assert 0 < max(filter(None, host["memory"])) < host["memoryTotal"]
    assert any(load is not None for load in host["load"])
    [one] = (await house.call("history", names=["web"]))["services"]
    assert ("web", 60) == (one["name"], len(one["cpu"]))
