"""Programs that belong together: order, groups, rolling restarts, an essential one."""

import pytest
from harness import House, after, programs, said, sh, well

pytestmark = pytest.mark.process


async def test_waves_up_and_down(house: House) -> None:
    """What is needed is RUNNING before, and stops after."""
    house.write(
        {
            "web": well(depends_on={"api": "ready"}),
            "api": well(depends_on={"db": "ready"}),
            "db": well(),
        }
    )
    await house.start()
    await house.until(*(after("RUNNING", name) for name in ("db", "api", "web")))
    ran = await house.ctl("stop", "all")
    assert 0 == ran.status, ran.out + ran.err
    await house.until(*(after("STOPPED", name) for name in ("web", "api", "db")))


async def test_what_waits_is_told_and_started_later(house: House) -> None:
    """A start by hand that can't be yet says for what, and is not lost."""
    house.write({"web": well(depends_on={"db": "ready"}), "db": well(autostart=False)})
    await house.start()
    web = await house.program("web")
    assert ("STOPPED", "starts once db is ready") == (web["state"], web["next"])
    ran = await house.ctl("start", "web")
    assert 1 == ran.status
    assert "db is ready" in ran.out
    ran = await house.ctl("start", "db")
    assert 0 == ran.status, ran.err
    await house.until(after("RUNNING", "web"))


async def test_groups_are_named_at_once(house: House) -> None:
    """By group:* or by the group's name, in every command that takes names."""
    house.write(
        {"web": well(numprocs=3), "db": well()},
    )
    await house.start()
    await house.running("web_00", "web_01", "web_02", "db")
    ran = await house.ctl("pid", "web:*")
    assert (0, 3) == (ran.status, len(ran.out.split())), ran.err
    ran = await house.ctl("stop", "web")
    assert 0 == ran.status, ran.out + ran.err
    found = programs(await house.call("status"))
    assert {"STOPPED"} == {found[f"web_0{n}"]["state"] for n in range(3)}
    assert "web" == found["web_00"]["group"]
    assert "RUNNING" == found["db"]["state"]
    for name in ("web", "web:*"):
        ran = await house.ctl("status", name)
        assert (3, 3) == (ran.status, len(ran.json)), ran.err
    ran = await house.ctl("pid", "db:*")  # as supervisord has it
    assert (0, 1) == (ran.status, len(ran.out.split())), ran.err
    ran = await house.ctl("stop", "wbe:*")
    assert 4 == ran.status
    assert "did you mean" in ran.err


async def test_patterns_name_what_they_match(house: House) -> None:
    """In what acts and what looks; one that matches nothing is told what there is."""
    house.write({"web": well(numprocs=3), "db": well()})
    await house.start()
    await house.running("web_00", "web_01", "web_02", "db")
    for look in ("pid", "status", "forecast", "incidents"):
        ran = await house.ctl(look, "web_0[01]")
        assert 0 == ran.status, ran.err
    ran = await house.ctl("stop", "*_0[01]", "d?")
    assert 0 == ran.status, ran.out + ran.err
    found = programs(await house.call("status"))
    up = [name for name, one in found.items() if one["state"] == "RUNNING"]
    assert ["web_02"] == up
    for command in ("start", "status", "incidents", "logs"):
        ran = await house.ctl(command, "wep*")
        assert 4 == ran.status
        assert "matches 'wep*'; there are: web" in ran.err


async def test_processes_in_a_group_go_by_two_names(house: House) -> None:
    """Their own program's, and the group's; the group's means the others, too."""
    group = {"front": {"programs": ["web", "db"]}}
    house.write({"web": well(numprocs=2), "db": well(), "x": well()}, group=group)
    await house.start()
    await house.running("web_00", "web_01", "db", "x")
    for names, number in (("web", 2), ("web:*", 2), ("front", 3), ("front:*", 3)):
        ran = await house.ctl("pid", names)
        assert (0, number) == (ran.status, len(ran.out.split())), ran.err
        ran = await house.ctl("status", names)
        assert (0, number) == (ran.status, len(ran.json)), ran.err
    assert "front" == (await house.program("web_00"))["group"]


async def test_a_rolling_restart_keeps_the_others_up(house: House) -> None:
    """One is restarted after the other, each in a new run before the next goes."""
    house.write({"web": well(numprocs=3)})
    await house.start()
    names = ("web_00", "web_01", "web_02")
    before = await house.running(*names)
    async with house.events(last=0) as events:
        ran = await house.ctl("restart", "--rolling", "web:*")
        assert 0 == ran.status, ran.out + ran.err
        for name in names:
            await events.until(after("STOPPING", name), after("RUNNING", name, run=2))
    now = await house.running(*names)
    assert all(before[name] != now[name] for name in names)


async def test_a_rolling_restart_ends_with_the_first_that_fails(house: House) -> None:
    """The others stay as they were, and are named."""
    once = sh("test -e gone && exit 1; touch gone; exec sleep 1000")
    house.write({"a": {**once, "directory": str(house.root)}, "b": well()})
    await house.start()
    before = await house.running("a", "b")
    ran = await house.ctl("restart", "--rolling", "a", "b")
    assert 1 == ran.status
    assert "left as it was" in ran.out
    assert before["b"] == (await house.running("b"))["b"]


async def test_a_rolling_restart_leaves_alone_what_is_stopped_meanwhile(
    house: House,
) -> None:
    """The operator's last word counts, and the others have their turn."""
    house.write({"a": well(startsecs=2), "b": well(), "c": well()})
    await house.start()
    before = await house.running("c")
    await house.call("restart", names=["a", "b", "c"], max_unavailable=1)
    await house.until(after("STARTING", "a", run=2))
    await house.call("stop", names=["b"])
    await house.until(after("RUNNING", "c", run=2))
    b = await house.program("b")
    assert ("STOPPED", 1) == (b["state"], b["runs"])
    assert before != await house.running("c")


async def test_an_essential_program_ends_the_daemon(house: House) -> None:
    """With everything stopped, and a status that tells."""
    house.write(
        {"main": sh("sleep 0.5", essential=True), "web": well()},
    )
    await house.start()
    assert 1 == await house.wait()
    assert {} == house.marked()
    assert "essential program main ended" in house.log()


async def test_reread_changes_nothing(house: House) -> None:
    """It says what an update would do; the update then does it."""
    house.write({"web": well(), "old": well()})
    await house.start()
    before = await house.running("web", "old")
    house.change(web=well(environment={"A": "1"}), old=None, new=well())
    for command in (("reread",), ("update", "--dry-run")):
        ran = await house.ctl(*command)
        assert 0 == ran.status, ran.err
        assert [
            "added: new (starts)",
            "removed: old (it is RUNNING: is STOPPED)",
            "changed: web (is restarted)",
        ] == ran.json["pending"]
    assert before == await house.running("web", "old")
    ran = await house.ctl("update")
    assert 0 == ran.status, ran.out + ran.err
    await house.until(said("", kind="service.transition", service="new"))
    found = programs(await house.call("status"))
    assert {"web", "new"} == found.keys()
    assert before["web"] != found["web"]["pid"]
