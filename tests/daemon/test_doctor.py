from pathlib import Path
from typing import Any

import pytest
from harness import House, Ran, well

pytestmark = pytest.mark.process

HERE = {"clock", "unit", "kernel", "disk", "inodes"}
"""What is of the machine on which the tests run, and none of ours."""


def bad(ran: Ran) -> dict[str, Any]:
    """Return what is not well of all that is ours, by what it is about."""
    assert "" == ran.err
    return {
        one["what"]: one
        for one in ran.json
        if one["level"] != "ok" and one["what"] not in HERE
    }


async def test_what_is_broken_is_found(house: House) -> None:
    """Each with a command; what is mended is found no more."""
    house.write({"web": well()})
    house.flags.write_text("# all are on\n")
    await house.start()
    await house.running("web")
    assert {} == bad(await house.ctl("doctor"))
    house.change(web=well(startsecs=2), api=well())
    house.flags.write_text("FEATURE_AUTO_HEALING_ENABLED=false\n")
    found = bad(await house.ctl("doctor"))
    assert {"config", "flags"} == found.keys()
    assert "added: api" in found["config"]["words"]
    assert "FEATURE_AUTO_HEALING_ENABLED=false" in found["flags"]["words"]
    assert "selfhealctl reload" == found["flags"]["do"]
    house.flags.write_bytes(b"\xff")
    house.config.write_text("oh no")
    house.config.chmod(0o666)
    ran = await house.ctl("doctor")
    found = bad(ran)
    assert 1 == ran.status
    assert {"problem"} == {one["level"] for one in found.values()}
    assert {"config", "flags", "config file"} == found.keys()
    assert f"chmod o-w {house.config}" == found["config file"]["do"]


async def test_folders_that_anyone_may_write(house: House) -> None:
    """Whoever writes the folder of config or flags, or of conf.d, is the daemon."""
    house.write({"web": well()})
    more = house.config.parent / "conf.d"
    more.mkdir()
    await house.start()
    assert {} == bad(await house.ctl("doctor"))
    for folder, mode in ((house.config.parent, 0o777), (more, 0o1777)):
        before = folder.stat().st_mode
        folder.chmod(mode)
        found = bad(await house.ctl("doctor"))["config folder"]
        assert ("problem", f"chmod o-w {folder}") == (found["level"], found["do"])
        folder.chmod(before)


async def test_too_few_descriptors_are_foreseen(house: House) -> None:
    """Before all programs run, and so before one can't be started."""
    house.write({f"p{n}": well(autostart=False) for n in range(40)})
    await house.start(prefix=("sh", "-c", 'ulimit -n 350; exec "$@"', "sh"))
    found = bad(await house.ctl("doctor"))
    assert "problem" == found["limit"]["level"]
    assert "of 350, and it takes" in found["limit"]["words"]
    assert "LimitNOFILE" in found["limit"]["do"]


async def test_a_full_disk_is_found(house: House, small_disk: Path) -> None:
    """That of the state folder, though the log folder's has room."""
    house.write({"web": well()})
    await house.start()
    ran = await house.ctl("doctor")
    assert 1 == ran.status
    disk, *_ = [one for one in ran.json if one["where"] == str(small_disk)]
    assert ("problem", "disk") == (disk["level"], disk["what"])
    assert f"make room: df -h {small_disk}" == disk["do"]


async def test_without_a_daemon_it_says_so_first(house: House) -> None:
    """And examines what it can see itself."""
    house.write({"web": well()})
    await house.start()
    await house.kill9()
    ran = await house.ctl("doctor", "--no-json", "--socket", str(house.socket))
    assert 1 == ran.status
    first, *_ = ran.out.splitlines()
    assert first.startswith("problem  daemon: ")
    assert "stale socket" in first
    assert "kernel: Linux" in ran.out
    assert f"do: name it: selfhealctl --socket {house.socket} doctor" in ran.out


async def test_without_a_daemon_its_folders_are_those_of_its_config(
    house: House,
) -> None:
    """As --config or the variable names it; where it can't be read, it says so."""
    house.write({"web": well()})
    state = house.root / "state"
    state.mkdir(exist_ok=True)
    state.chmod(0o777)
    named = ("--config", str(house.config))
    ran = await house.ctl("doctor", *named)
    found = {one["where"]: one for one in ran.json if one["what"] == "state folder"}
    assert [str(state)] == list(found)
    assert "problem" == found[str(state)]["level"]
    house.config.write_text("oh no")
    ran = await house.ctl("doctor", *named)
    told = {one["what"]: one for one in ran.json}
    assert "state folder" not in told
    assert "not looked at: the config" in told["folders"]["words"]
    assert told["config"]["do"] == f"selfhealingd --config {house.config} --check"
