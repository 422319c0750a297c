"""What the daemon doesn't own, found by pidfile or command line, and healed."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Document, House, after, lives, said, soon

pytestmark = pytest.mark.process


class Outsider:
    """A daemon as init scripts have them: it detaches, and leaves its pid in a file."""

    def __init__(self, folder: Path) -> None:
        self.pidfile = folder / "outsider.pid"
        self.broken = folder / "broken"
        self._said = folder / "pids"
        self._start = folder / "start"
        self._stop = folder / "stop"
        self._start.write_text(
            f"#!/bin/sh\n[ ! -e {self.broken} ] || {{ echo no config; exit 1; }}\n"
            # A second one beside the first would be told by its pid.
            f"setsid sleep 1000.125 </dev/null >/dev/null 2>&1 &\n"
            f"echo $! >{self.pidfile}\necho $! >>{self._said}\n"
        )
        self._stop.write_text(f"#!/bin/sh\nkill $(cat {self.pidfile})\n")
        self._restart = folder / "restart"
        self._restart.write_text(f"#!/bin/sh\n{self._stop}\nsleep 0.3\n{self._start}\n")
        for script in (self._start, self._stop, self._restart):
            script.chmod(0o755)

    def table(self, **keys: object) -> Document:
        """Return the table of a watch."""
        return {
            "pidfile": str(self.pidfile),
            "start": str(self._start),
            "startsecs": 0.2,
            **keys,
        }

    @property
    def stop(self) -> str:
        """The command that stops it."""
        return str(self._stop)

    @property
    def restart(self) -> str:
        """The command that does both, and takes a while in between."""
        return str(self._restart)

    def pids(self) -> list[int]:
        """All that ever were."""
        return [int(pid) for pid in self._said.read_text().split()]

    def start(self) -> int:
        """Start it by other hands."""
        assert os.system(str(self._start)) == 0  # noqa: S605
        return self.pids()[-1]

    def close(self) -> None:
        """Leave nothing of it."""
        for pid in self.pids() if self._said.exists() else []:
            if lives(pid):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def outsider(house: House) -> Iterator[Outsider]:
    made = Outsider(house.root)
    yield made
    made.close()


def watch(status: Document) -> Document:
    """Return the one watch of a status."""
    [one] = status["watches"]
    assert isinstance(one, dict)
    return one


async def test_a_killed_watch_is_started_again(
    house: House, outsider: Outsider
) -> None:
    """Found by its pidfile; killed, its incident is opened, healed and verified."""
    first = outsider.start()
    house.write({}, watch={"out": outsider.table()})
    await house.start()
    await house.until(after("RUNNING", "out"))
    assert first == watch(await house.call("status"))["pid"]
    os.kill(first, signal.SIGKILL)
    await house.until(
        said("killed by SIGKILL", service="out", kind="incident.opened"),
        said(service="out", kind="attempt.began"),
        after("RUNNING", "out"),
        said("healed", kind="incident.ended"),
    )
    status = await house.call("status")
    assert outsider.pids()[1:] == [watch(status)["pid"]]
    assert "watch:out" in [one["name"] for one in status["circuitBreakers"]]
    assert [] == status["programs"]


async def test_a_missing_watch_is_an_incident(house: House, outsider: Outsider) -> None:
    """What is not there when the daemon comes is started, once, and told."""
    house.write({}, watch={"out": outsider.table()})
    await house.start()
    await house.until(
        said("is missing: there is no", service="out", kind="incident.opened"),
        said("healed", kind="incident.ended"),
    )
    assert 1 == len(outsider.pids())


async def test_a_watch_is_only_looked_at_without_autostart(
    house: House, outsider: Outsider
) -> None:
    """It stays down until somebody starts it; then it is watched."""
    house.write({}, watch={"out": outsider.table(autostart=False)})
    await house.start()
    assert "STOPPED" == watch(await house.call("status"))["state"]
    pid = outsider.start()
    [up] = await house.until(after("RUNNING", "out"))
    assert pid == up["data"]["pid"]


async def test_a_watch_outlives_the_daemon(house: House, outsider: Outsider) -> None:
    """Neither its end nor its return disturbs what it started by the command."""
    house.write({}, watch={"out": outsider.table()})
    await house.start()
    await house.until(said("healed", kind="incident.ended"))
    [pid] = outsider.pids()
    assert 0 == await house.stop()
    assert lives(pid)
    await house.start()
    await house.until(after("RUNNING", "out"))
    await house.kill9()
    await house.start()
    status = await house.until_status(lambda s: watch(s)["state"] == "RUNNING")
    assert pid == watch(status)["pid"]
    assert [pid] == outsider.pids()
    assert lives(pid)


async def test_a_daemon_that_forked_twice_is_the_watch_s(house: House) -> None:
    """Without a parent and a session of its own, it is neither astray nor ended.

    Begun by the start command, it is given to us as an orphan, as init would be.
    """
    pidfile, program = house.root / "twice.pid", house.root / "twice.py"
    program.write_text(
        "import os, time\n"
        "if os.fork(): os._exit(0)\n"
        "os.setsid()\n"
        "if os.fork(): os._exit(0)\n"
        f"open({str(pidfile)!r}, 'w').write(str(os.getpid()))\n"
        "n = os.open('/dev/null', 2)\n"
        "[os.dup2(n, fd) for fd in (0, 1, 2)]\n"
        "time.sleep(1000)\n"
    )
    start = f"{sys.executable} {program}"
    table = {"pidfile": str(pidfile), "start": start, "startsecs": 0.2}
    house.write({}, watch={"out": table})
    try:
        await house.start()
        await house.until(said("healed", kind="incident.ended"))
        pid = int(pidfile.read_text())
        assert 0 == await house.stop()
        assert "led back to none" not in house.log()
        assert lives(pid)
    finally:
        os.kill(int(pidfile.read_text()), signal.SIGKILL)


async def test_an_operator_moves_it_by_its_commands(
    house: House, outsider: Outsider
) -> None:
    """Stop, start and restart by name; stopped, it stays so over a new daemon."""
    house.write({}, watch={"out": outsider.table(stop=outsider.stop)})
    await house.start()
    await house.until(said("healed", kind="incident.ended"))
    assert 0 == (await house.ctl("stop", "out")).status
    assert not lives(outsider.pids()[-1])
    assert 0 == (await house.ctl("start", "out")).status
    assert 0 == (await house.ctl("restart", "out")).status
    ran = await house.ctl("pid", "out")
    assert [str(outsider.pids()[-1])] == ran.out.split()
    assert 3 == len(outsider.pids())
    assert 0 == (await house.ctl("stop", "out")).status
    await house.kill9()
    await house.start()
    assert "STOPPED" == watch(await house.call("status"))["state"]
    assert 3 == len(outsider.pids())


async def test_a_restart_is_one_command(house: House, outsider: Outsider) -> None:
    """Nothing is started beside it while it runs: there are never two remedies."""
    table = outsider.table(restart=outsider.restart, stop="false", start="false")
    before = outsider.start()
    house.write({}, watch={"out": table})
    await house.start()
    await house.until(after("RUNNING", "out"))
    assert 0 == (await house.ctl("restart", "out")).status
    first, second = outsider.pids()
    assert before == first
    status = await house.call("status")
    assert second == watch(status)["pid"]
    assert 0 == status["selfHealing"]["totalAttempts"]


async def test_a_rule_is_kept_on_a_watch(house: House, outsider: Outsider) -> None:
    """What is measured of it is judged, as of a program, and its remedy is its own."""
    first = outsider.start()
    rules = [{"when": "uptime > 1s", "remedy": "restart"}]
    table = outsider.table(stop=outsider.stop, rules=rules)
    house.write({}, daemon={"sample_interval": 0.2}, watch={"out": table})
    await house.start()
    await house.until(
        said("uptime", service="out", kind="incident.opened"),
        said(service="out", kind="attempt.began"),
        after("RUNNING", "out", run=2),
    )
    assert not lives(first)


async def test_a_start_that_fails_is_told_and_tried_again(
    house: House, outsider: Outsider
) -> None:
    """With the last line that the command said; healed once it is mended."""
    outsider.broken.touch()
    house.write({}, watch={"out": outsider.table()})
    await house.start()
    await house.until(said("exited with status 1: no config", service="out"))
    outsider.broken.unlink()
    await house.until(said("healed", service="out", kind="incident.ended"))


async def test_another_process_in_its_place_is_taken_over(
    house: House, outsider: Outsider
) -> None:
    """A restart by other hands within a moment is no incident."""
    first = outsider.start()
    house.write({}, watch={"out": outsider.table()})
    await house.start()
    await house.until(after("RUNNING", "out"))
    os.kill(first, signal.SIGTERM)
    second = outsider.start()
    await house.until(after("RUNNING", "out"), after("RUNNING", "out", run=2))
    status = await house.call("status")
    assert second == watch(status)["pid"]
    assert 0 == status["selfHealing"]["totalAttempts"]


async def test_a_watch_by_its_command_line(house: House, outsider: Outsider) -> None:
    """The oldest that matches; the next one once that has ended."""
    older, newer = outsider.start(), outsider.start()
    table = outsider.table(match=r"sleep 1000\.125")
    del table["pidfile"]
    house.write({}, watch={"out": table})
    await house.start()
    [up] = await house.until(after("RUNNING", "out"))
    assert older == up["data"]["pid"]
    os.kill(older, signal.SIGKILL)
    [up] = await house.until(after("RUNNING", "out", run=2))
    assert newer == up["data"]["pid"]
    os.kill(newer, signal.SIGKILL)
    await house.until(said("healed", service="out", kind="incident.ended"))
    assert 3 == len(outsider.pids())


async def test_a_reload_takes_a_watch_and_leaves_it(
    house: House, outsider: Outsider
) -> None:
    """Added, changed and removed while its process runs on."""
    pid = outsider.start()
    house.write({})
    await house.start()
    house.write({}, watch={"out": outsider.table()})
    assert 0 == (await house.ctl("reload")).status
    await house.until(after("RUNNING", "out"))
    house.write({}, watch={"out": outsider.table(stopwaitsecs=7)})
    report = (await house.ctl("reload")).out
    assert "changed: out" in report
    house.write({})
    assert "removed: out" in (await house.ctl("reload")).out
    assert [] == (await house.call("status"))["watches"]
    await soon(lambda: lives(pid))


async def test_an_upgrade_in_place_leaves_it_alone(
    house: House, outsider: Outsider
) -> None:
    """What the daemon's own command started is a child of the daemon's meanwhile."""
    house.write({}, watch={"out": outsider.table()})
    await house.start()
    await house.until(said("healed", kind="incident.ended"))
    assert 0 == (await house.ctl("upgrade")).status
    await house.until_status(lambda s: watch(s)["state"] == "RUNNING")
    [pid] = outsider.pids()
    assert pid == watch(await house.call("status"))["pid"]
    os.kill(pid, signal.SIGKILL)
    await house.until(said("killed by SIGKILL", service="out", kind="incident.opened"))
    await house.until(said("healed", service="out", kind="incident.ended"))
