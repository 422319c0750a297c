"""A few programs of the config at a time: add, remove, update NAME."""

import pytest
from harness import House, after, hopeless, programs, sh, well

pytestmark = pytest.mark.process

NEVER = {"dormant_after": 1000, "systemic_share": 1}


async def test_a_new_program_is_added_alone(house: House) -> None:
    """It comes up, or not if it should not; what else changed goes on waiting."""
    house.write({"web": well(), "old": well()})
    await house.start()
    before = await house.running("web", "old")
    house.change(
        web=well(environment={"A": "1"}),
        old=None,
        new=well(numprocs=2),
        quiet=well(autostart=False),
        other=well(),
    )
    ran = await house.ctl("add", "new:*", "quiet", "--reason", "more of them")
    assert 0 == ran.status, ran.err
    told = {one["name"]: (one["state"], one["hint"]) for one in ran.json}
    assert {
        "new_00": ("RUNNING", None),
        "new_01": ("RUNNING", None),
        "quiet": ("STOPPED", "selfhealctl start quiet"),
    } == told
    status = await house.call("status")
    assert {"web", "old", "new_00", "new_01", "quiet"} == programs(status).keys()
    assert "healthy" == status["status"]
    assert before == await house.running("web", "old")
    assert any("more of them" in str(record) for record in house.records())
    again = await house.ctl("add", "quiet")
    assert 1 == again.status
    assert "selfhealctl update quiet" in again.err
    assert 4 == (await house.ctl("add", "nobody")).status


async def test_a_stopped_program_is_removed(house: House) -> None:
    """One that runs is not, with the next command; the config brings it back."""
    house.write({"web": well(), "db": well(), "bad": hopeless()}, healing=NEVER)
    await house.start()
    await house.running("web", "db")
    await house.until(after("FATAL", "bad"))
    assert 0 == (await house.ctl("stop", "web")).status
    refused = await house.ctl("remove", "web", "db")
    assert 1 == refused.status
    assert "db is RUNNING" in refused.err
    assert "selfhealctl stop db" in refused.err
    assert {"web", "db", "bad"} == programs(await house.call("status")).keys()
    ran = await house.ctl("remove", "web", "bad")
    assert 0 == ran.status, ran.err
    assert all("brings it back" in one["words"] for one in ran.json)
    status = await house.call("status")
    assert {"db"} == programs(status).keys()
    assert "healthy" == status["status"]
    assert 4 == (await house.ctl("start", "web")).status
    assert 0 == (await house.ctl("restart", "db")).status
    assert {"db"} == programs(await house.call("status")).keys()
    assert 0 == (await house.ctl("add", "web")).status
    await house.running("web", "db")


async def test_named_programs_alone_are_updated(house: House) -> None:
    """Changed, new and gone ones; the rest of the config is as if not written yet."""
    house.write({"a": well(), "b": well(), "gone": well(), "down": well()})
    await house.start()
    before = await house.running("a", "b", "gone", "down")
    assert 0 == (await house.ctl("stop", "down")).status
    house.change(
        a=sh("exec sleep 2001"),
        b=sh("exec sleep 2002"),
        gone=None,
        down=None,
        new=well(),
        other=well(),
    )
    dry = await house.ctl("update", "--dry-run", "a", "gone", "down", "new")
    assert [
        "added: new (starts)",
        "removed: down (it is down; is forgotten)",
        "removed: gone (it is RUNNING: is STOPPED)",
        "changed: a (is restarted)",
    ] == dry.json["pending"]
    ran = await house.ctl("update", "a", "gone", "down", "new")
    assert 0 == ran.status, ran.err
    assert {"new", "a", "gone", "down"} == {one["name"] for one in ran.json}
    now = await house.running("a", "b", "new")
    assert before["b"] == now["b"]
    assert "sleep 2001 " in house.marked()[now["a"]]
    assert {"a", "b", "new"} == programs(await house.call("status")).keys()
    ran = await house.ctl("update")
    assert {"other", "b"} == {one["name"] for one in ran.json}
    assert "sleep 2002 " in house.marked()[(await house.running("b"))["b"]]


async def test_what_does_not_belong_together_changes_nothing(house: House) -> None:
    """A dependency that is not there, or a mistake anywhere in the config."""
    house.write({"web": well()})
    await house.start()
    house.change(new=well(depends_on={"db": "ready"}), db=well())
    refused = await house.ctl("add", "new")
    assert 1 == refused.status
    assert "new depends on db, which would not be there" in refused.err
    assert ["web"] == list(programs(await house.call("status")))
    assert 0 == (await house.ctl("add", "new", "db")).status
    assert 0 == (await house.ctl("stop", "db", "new")).status
    refused = await house.ctl("remove", "db")
    assert 1 == refused.status
    assert "new depends on db" in refused.err
    house.change(more=well(), wrong={"comand": "x"})
    for command in ("add", "update"):
        refused = await house.ctl(command, "more")
        assert 1 == refused.status
        assert "program.wrong.comand" in refused.err
    assert {"web", "new", "db"} == programs(await house.call("status")).keys()
