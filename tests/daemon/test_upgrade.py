"""The daemon goes on as other code, in place; its programs are still its children."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
import trio
from harness import House, Ran, lives, programs, said, sh, soon, well

pytestmark = pytest.mark.process


async def upgrade(house: House) -> dict[str, dict[str, object]]:
    ran = await house.ctl("upgrade", "--json")
    assert 0 == ran.status, ran.err + house.log()
    answer: dict[str, dict[str, object]] = json.loads(ran.out)
    return answer


def comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text()


def parent(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(") ")[2].split()[1])


async def test_programs_stay_children_and_their_exits_are_known(house: House) -> None:
    """Over several upgrades; with the status that nobody but a parent is told."""
    house.write({"web": sh("trap 'exit 7' HUP; sleep 1000 & wait"), "other": well()})
    await house.start()
    pids = await house.running("web", "other")
    since = (await house.program("web"))["since"]
    for _ in range(3):
        answer = await upgrade(house)
        assert house.pid == answer["before"]["pid"] == answer["after"]["pid"]
    assert pids == await house.running("web", "other")
    assert since[:21] == (await house.program("web"))["since"][:21]
    assert {house.pid} == {parent(pid) for pid in pids.values()}
    await house.call("signal", names=["web"], signal="HUP")
    await house.until(
        said("exited with status 7", kind="incident.opened", service="web"),
        said("healed", kind="incident.ended", service="web"),
    )
    words = [one["words"] for one in house.records() if "words" in one]
    assert 3 == sum("upgrade selfhealingd" in said for said in words)
    assert 0 == await house.stop()
    assert {} == house.marked()


async def test_what_ends_in_between_loses_neither_status_nor_words(
    house: House,
) -> None:
    """Whenever a program ends: its own status is told, and each line is there."""
    number = 40
    script = "trap 'echo bye; exit 3' USR1; echo hi; while :; do sleep 0.01; done"
    names = [f"p{n}" for n in range(number)]
    house.write(
        {name: sh(script, autorestart="never", exitcodes=[3]) for name in names}
    )
    await house.start()
    pids = await house.running(*names)

    async def end_them() -> None:
        for pid in pids.values():
            os.kill(pid, signal.SIGUSR1)
            await trio.sleep(0.03)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(end_them)
        await upgrade(house)
    status = await house.until_status(
        lambda s: all(one["state"] == "EXITED" for one in s["programs"])
    )
    assert {"exited with status 3"} == {one["exit"] for one in status["programs"]}
    logs = {(house.root / "logs" / f"{name}.log").read_text() for name in names}
    assert {"hi\nbye\n"} == logs


async def test_output_goes_on_although_the_runtime_folder_was_deleted(
    house: House,
) -> None:
    """Of what runs on, and the last words of what ends in between."""
    number = 20
    script = "trap 'echo bye; exit 3' USR1; echo hi; while :; do sleep 0.01; done"
    names = [f"p{n}" for n in range(number)]
    house.write(
        {name: sh(script, autorestart="never", exitcodes=[3]) for name in names}
    )
    await house.start()
    pids = await house.running(*names)
    shutil.rmtree(house.root / "run")

    async def end_them() -> None:
        for name in names[1:]:
            os.kill(pids[name], signal.SIGUSR1)
            await trio.sleep(0.05)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(end_them)
        await upgrade(house)
    os.kill(pids["p0"], signal.SIGUSR1)
    await house.until_status(
        lambda s: all(one["state"] == "EXITED" for one in s["programs"])
    )
    logs = {(house.root / "logs" / f"{name}.log").read_text() for name in names}
    assert {"hi\nbye\n"} == logs


async def test_clients_find_somebody_all_the_time(house: House) -> None:
    """The socket stays open: who connects meanwhile is answered by the successor."""
    house.write({"web": well()})
    await house.start()
    await house.running("web")
    answered: list[object] = []

    async def ask() -> None:
        while True:
            # No ConnectionRefusedError here; a connection that was open may end.
            async with house.connect() as line:
                try:
                    answered.append(await line.call("version"))
                except (EOFError, trio.BrokenResourceError):
                    answered.append(None)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await upgrade(house)
        before = len(answered)
        await soon(lambda: len(answered) > before)
        nursery.cancel_scope.cancel()
    assert answered[-1] is not None


async def test_it_is_not_waited_for_in_vain(house: House) -> None:
    """A daemon that ended meanwhile does not come back, and that is soon told."""
    house.write({"web": well()})
    await house.start()
    told: list[Ran] = []

    async def ask() -> None:
        told.append(await house.ctl("upgrade"))

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await house.logged("going on as the code")
            await house.kill9()
    [ran] = told
    assert 1 == ran.status
    assert "did not answer again in 5 s" in ran.err


async def test_it_keeps_its_name(house: House) -> None:
    """Who looks for it among processes finds no nameless interpreter."""
    house.write({"web": well()})
    await house.start()
    await upgrade(house)
    assert "selfhealingd\n" == comm(house.pid)


async def test_a_config_with_mistakes_is_refused_with_its_words(house: House) -> None:
    """Nothing is changed, and it says what to do."""
    house.write({"web": well()})
    await house.start()
    pids = await house.running("web")
    good = house.config.read_text()
    house.config.write_text(good + "\n[programm.x]\n")
    ran = await house.ctl("upgrade")
    assert 1 == ran.status
    assert "programm" in ran.err
    assert "selfhealctl upgrade" in ran.err
    assert pids == await house.running("web")
    house.config.write_text(good)
    await upgrade(house)
    assert pids == await house.running("web")


async def test_what_was_asked_for_one_start_is_not_asked_again(house: House) -> None:
    """--resume is a person's word for one time; signals find the successor as well."""
    house.write({"web": well()})
    await house.start("--resume", "once")
    pids = await house.running("web")
    await upgrade(house)
    assert 1 == house.log().count("--resume:")
    house.signal(signal.SIGTERM)
    assert 0 == await house.wait()
    assert not lives(pids["web"])


async def test_no_other_daemon_slips_in(house: House) -> None:
    """The lock is held all the time."""
    house.write({"web": well()})
    await house.start()
    first = house.daemon
    assert first is not None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(upgrade, house)
        for _ in range(3):
            other = House.__new__(House)
            other.__dict__ |= house.__dict__
            await other.spawn()
            assert 3 == await other.wait()
    assert programs(await house.call("status"))
    assert first.poll() is None
