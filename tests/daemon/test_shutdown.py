"""The end: in order, within its deadlines, leaving nothing behind."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from harness import House, after, lives, said, sh, soon, well

from selfhealingd.supervise.cgroup import find_delegated

pytestmark = pytest.mark.process

DEAF = 'trap "" TERM; while :; do sleep 0.1; done'


@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGINT])
async def test_programs_end_by_priority_and_nothing_is_left(
    house: House, signo: int
) -> None:
    """The highest number first, the next once it is gone; grandchildren, too."""
    say = 'trap "echo {name} >> order; exit 0" TERM; while :; do sleep 0.05; done'

    def telling(name: str, priority: int) -> dict[str, object]:
        script = say.replace("{name}", name)
        return sh(script, directory=".", priority=priority)

    tree = "sleep 1000 & sleep 1000 & sleep 1000"
    house.write(
        {
            "first": telling("first", 10),
            "second": telling("second", 20),
            "third": telling("third", 30),
            "tree": sh(tree, priority=20),
        }
    )
    await house.start()
    await house.running("first", "second", "third", "tree")
    house.signal(signo)
    assert 0 == await house.wait()
    order = (house.root / "order").read_text().split()
    assert ["third", "second", "first"] == order
    assert {} == house.marked()
    assert not house.socket.exists()


async def test_what_is_deaf_is_killed_at_its_deadline(house: House) -> None:
    """Each priority has the time of its slowest; then SIGKILL; still status 0."""
    house.write({"deaf": sh(DEAF, stopwaitsecs=0.5, priority=5), "web": well()})
    await house.start()
    await house.running("deaf", "web")
    async with house.events(last=0) as events:
        house.signal(signal.SIGTERM)
        await events.until(
            after("STOPPED", "web"),
            said("SIGKILL", kind="service.killed", service="deaf"),
        )
    assert 0 == await house.wait()
    assert {} == house.marked()


async def test_a_second_sigterm_kills_at_once(house: House) -> None:
    """One more, after the second that a doubled signal takes: nobody waits longer."""
    house.write({"deaf": sh(DEAF, stopwaitsecs=3600)})
    await house.start()
    await house.running("deaf")
    house.signal(signal.SIGTERM)
    await house.until(after("STOPPING", "deaf"))

    def again() -> bool:
        assert house.daemon is not None
        house.signal(signal.SIGTERM)
        return house.daemon.poll() is not None

    await soon(again)
    assert 0 == await house.wait()
    assert {} == house.marked()
    assert "asked again: killing what is left" in house.log()


async def test_a_crash_during_shutdown_is_not_healed(house: House) -> None:
    """Once the end has begun nothing is started any more."""
    crashing = sh('trap "exit 1" TERM; while :; do sleep 0.05; done', priority=50)
    house.write({"crashing": crashing, "deaf": sh(DEAF, stopwaitsecs=0.5)})
    await house.start()
    await house.running("crashing", "deaf")
    assert 0 == await house.stop()
    assert {} == house.marked()
    assert "attempt" not in house.log()


async def test_a_shutdown_while_things_fail_comes_to_its_end(house: House) -> None:
    """Programs that wait, start or stop at that moment hold nothing up."""
    house.write(
        {
            "waits": sh("exit 1", healing={"backoff_initial": 300, "backoff_max": 600}),
            "starts": well(startsecs=300),
            "tries": sh("sleep 0.1; exit 1"),
            "stops": sh(DEAF, stopwaitsecs=1),
        }
    )
    await house.start()
    await house.running("stops")
    await house.call("stop", names=["stops"])
    await house.until(after("BACKOFF", "waits"))
    assert 0 == await house.stop()
    assert {} == house.marked()


async def test_after_a_clean_end_the_next_start_has_no_leftovers(house: House) -> None:
    """The same programs come up again; what was stopped by hand stays so."""
    house.write({"web": well(), "off": well()})
    await house.start()
    await house.running("web", "off")
    assert 0 == (await house.ctl("stop", "off")).status
    assert 0 == await house.stop()
    await house.start()
    await house.running("web")
    assert "STOPPED" == (await house.program("off"))["state"]
    assert "left running" not in house.log()


LOST = f"sleep {1_000_000 + os.getpid()}"  # as no other test has it


def lost() -> list[int]:
    """Processes that lead back to no program."""
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if line.strip() == LOST and lives(int(folder.name)):
                found.append(int(folder.name))
    return found


@pytest.fixture
def none_lost() -> Iterator[None]:
    """See to it that what has no mark doesn't outlive its test."""
    yield
    for pid in lost():
        os.kill(pid, signal.SIGKILL)


LEADS_NOWHERE = pytest.mark.skipif(
    find_delegated() is not None, reason="a cgroup tells whose it is"
)


@LEADS_NOWHERE
@pytest.mark.usefixtures("none_lost")
async def test_what_leads_back_to_no_program_is_told_and_ended(house: House) -> None:
    """With its pid while it runs; and in the end it is stopped with the others."""
    house.write({"web": sh(f"(env -i setsid {LOST} >/dev/null 2>&1 &); sleep 1000")})
    await house.start()
    await house.running("web")
    status = await house.until_status(
        lambda s: any("came from a program" in issue for issue in s["issues"])
    )
    [pid] = lost()
    [issue], [do] = status["issues"], status["recommendations"]
    assert f"pid {pid} ({LOST})" in issue
    assert f"kill {pid}" in do
    assert 0 == await house.stop()
    assert [] == lost()


@LEADS_NOWHERE
@pytest.mark.usefixtures("none_lost")
async def test_what_may_have_been_left_on_purpose_is_spared(house: House) -> None:
    """It leads back to no program, and one of them may leave processes behind."""
    kept = well(stopasgroup=False, killasgroup=False)
    script = f"(env -i setsid {LOST} >/dev/null 2>&1 &); sleep 1000"
    house.write({"web": sh(script), "x": kept})
    await house.start()
    await house.running("web", "x")
    await soon(lost)
    [pid] = lost()
    assert 0 == await house.stop()
    assert [pid] == lost()
    words = f"left running, as it may be of x, with killasgroup = false: pid {pid}"
    assert words in house.log()


@LEADS_NOWHERE
@pytest.mark.usefixtures("none_lost")
async def test_what_cannot_have_been_left_on_purpose_is_ended(house: House) -> None:
    """The program that may leave processes behind has never run."""
    kept = well(stopasgroup=False, killasgroup=False, autostart=False)
    script = f"(env -i setsid {LOST} >/dev/null 2>&1 &); sleep 1000"
    house.write({"web": sh(script), "x": kept})
    await house.start()
    await house.running("web")
    await soon(lost)
    assert 0 == await house.stop()
    assert [] == lost()


@pytest.mark.usefixtures("none_lost")
async def test_what_has_kept_its_stdout_is_stopped_with_its_program(
    house: House,
) -> None:
    """In a session of its own, without an environment; by a daemon or the next."""
    kept = well(stopasgroup=False, killasgroup=False)
    script = f"(env -i setsid {LOST} &); exec sleep 1000"
    house.write({"web": sh(script), "x": kept})
    await house.start()
    await house.running("web", "x")
    await soon(lost)
    await house.call("stop", names=["web"])
    await soon(lambda: not lost())
    await house.call("start", names=["web"])
    await soon(lost)
    await house.running("web")
    await house.kill9()
    await house.start()
    await house.running("web")
    await house.call("stop", names=["web"])
    await soon(lambda: not lost())
    assert 0 == await house.stop()


async def test_impatience_ends_it_no_worse(house: House) -> None:
    """Ctrl-C again and again: no traceback, nothing left, and the usual status."""
    house.write({"web": well(), "deaf": sh(DEAF, stopwaitsecs=0.3)})
    await house.start()
    await house.running("web", "deaf")

    def again() -> bool:
        assert house.daemon is not None
        house.signal(signal.SIGINT)
        return house.daemon.poll() is not None

    await soon(again)
    assert 0 == await house.wait()
    assert {} == house.marked()
    assert "Traceback" not in house.log()
