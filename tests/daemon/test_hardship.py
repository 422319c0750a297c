"""What hurts: full disks, no descriptors, hostile clients, a daemon that was asleep."""

import fcntl
import os
import signal
import socket
import sys
from pathlib import Path

import pytest
import trio
from harness import (
    DEADLINE,
    Check,
    House,
    after,
    hopeless,
    lives,
    programs,
    said,
    soon,
    well,
)

pytestmark = pytest.mark.process


def issue(words: str) -> Check:
    return lambda status: any(words in one for one in status["issues"])


async def crash(house: House, name: str) -> None:
    """Kill a running program, and wait until it is healed."""
    pids = await house.running(name)
    async with house.events(last=0) as events:
        while True:  # until the subscription is live
            os.kill(pids[name], 0)
            if await house.call("version"):
                break
        os.kill(pids[name], signal.SIGKILL)
        await events.until(said("healed", kind="incident.ended", service=name))


async def test_a_second_daemon_says_who_holds_it(house: House) -> None:
    """On the same state, or on the same socket: status 3, with the holder's pid."""
    house.write({"web": well()})
    await house.start()
    pids = await house.running("web")
    first, pid = house.daemon, house.pid
    try:
        await house.spawn()
        assert 3 == await house.wait()
        assert f"pid {pid}" in house.log()
        house.write({"web": well()}, daemon={"state_dir": "other"})
        await house.spawn()
        assert 3 == await house.wait()
        said_so = [line for line in house.log().splitlines() if f"pid {pid}" in line]
        assert any(str(house.socket) in line for line in said_so)
    finally:
        house.daemon = first
    assert pids == await house.running("web")
    assert {pids["web"]} == house.marked().keys()
    assert "Traceback" not in house.log()


async def test_a_full_disk_does_not_stop_healing(
    house: House, small_disk: Path
) -> None:
    """Programs are healed, status is critical about it until there is room."""
    house.write({"web": well()})
    await house.start()
    await crash(house, "web")
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    await crash(house, "web")
    status = await house.until_status(issue("CRITICAL"))
    assert "critical" == status["status"]
    assert any("no space is left" in words for words in status["issues"]), status[
        "issues"
    ]
    await crash(house, "web")
    filler.unlink()
    await house.until_status(lambda s: "no space is left" not in str(s["issues"]))
    stopped = await house.ctl("stop", "web")
    assert 0 == stopped.status
    await house.kill9()
    await house.start()
    assert "STOPPED" == (await house.program("web"))["state"]


async def test_without_descriptors_it_degrades_and_recovers(house: House) -> None:
    """Spawns and connections fail for a while; nothing spins, and all comes back."""
    names = [f"p{n}" for n in range(3)]
    house.write({name: well() for name in names})
    await house.start(prefix=("sh", "-c", 'ulimit -n 40; exec "$@"', "sh"))
    pids = await house.running(*names)
    lines: list[trio.SocketStream] = []
    try:
        with trio.move_on_after(3):
            for _ in range(60):
                lines.append(await trio.open_unix_socket(str(house.socket)))
                with trio.move_on_after(0.2):
                    await lines[-1].send_all(b'{"jsonrpc":"2.0","id":1,"method":"pid"')
        os.kill(pids["p0"], signal.SIGKILL)
        before = cpu(house.pid)
        await trio.sleep(1)
        assert cpu(house.pid) - before < 0.7
    finally:
        for line in lines:
            await line.aclose()
    await house.until_status(
        lambda s: all(one["state"] == "RUNNING" for one in programs(s).values())
    )
    assert lives(pids["p1"])
    assert lives(pids["p2"])
    assert 0 == await house.stop()


def cpu(pid: int) -> float:
    """Return the seconds of processor time a process used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_hostile_clients_hold_nothing_up(house: House) -> None:
    """Garbage, half lines and 200 connections: a program is healed meanwhile."""
    house.write({"web": well()})
    await house.start()
    pids = await house.running("web")
    junk = (
        b"\x00\xff\x00\n" * 100,
        b'{"jsonrpc": "2.0", "id": 1, "method": "status"',
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"[" * 100_000 + b"\n",
        b'{"jsonrpc": "2.0", "id": 1, "method": "__class__", "params": {}}\n',
        b'{"jsonrpc": "2.0", "id": 1, "method": "pid", "params": {"names": 7}}\n',
        b"x" * 2_000_000,
    )
    async with house.events() as events:
        sockets: list[socket.socket] = []
        try:
            for number in range(200):
                one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                one.settimeout(0)
                sockets.append(one)
                try:
                    one.connect(str(house.socket))
                    one.send(junk[number % len(junk)])
                except OSError:
                    continue  # full up: that is what limits are for
            os.kill(pids["web"], signal.SIGKILL)
            await events.until(said("healed", kind="incident.ended"))
        finally:
            for one in sockets:
                one.close()
    assert 0 == (await house.ctl("status", "web")).status
    assert "Traceback" not in house.log()


async def test_timers_that_come_late_harm_nothing(house: House) -> None:
    """Stopped and continued, the daemon takes up what happened meanwhile."""
    house.write({"web": well(), "bad": hopeless(), "w2": well(), "w3": well()})
    await house.start()
    pids = await house.running("web", "w2", "w3")
    await house.until(after("BACKOFF", "bad"))
    house.signal(signal.SIGSTOP)
    os.kill(pids["web"], signal.SIGKILL)
    await trio.sleep(2)  # this is the matter: time goes by without the daemon
    house.signal(signal.SIGCONT)
    await house.until(said("healed", kind="incident.ended", service="web"))
    await house.until(after("FATAL", "bad"))
    now = await house.running("web", "w2", "w3")
    assert (pids["w2"], pids["w3"]) == (now["w2"], now["w3"])
    status = await house.call("status")
    assert not status["selfHealing"]["isDormant"]


async def test_debug_lines_are_switched_on_from_outside(house: House) -> None:
    """DEBUG=self-healing:* shows what is not told otherwise."""
    house.write({"web": well()})
    await house.start()
    await house.running("web")
    assert 0 == await house.stop()
    assert "debug" not in house.log()
    await house.start(environ={"DEBUG": "self-healing:*"})
    await house.running("web")
    assert 0 == await house.stop()
    lines = [line for line in house.log().splitlines() if "debug" in line]
    assert any("Supervisor" in line and "starting" in line for line in lines)


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "blocked"])
async def test_nobody_reads_the_log(house: House, *, closed: bool) -> None:
    """A log that goes nowhere, or to a pipe that is full, does not stop healing."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    try:
        house.write({"web": well(), "bad": hopeless(), "w2": well(), "w3": well()})
        if closed:
            os.close(reader)
        await house.start(stdout=writer, environ={"DEBUG": "self-healing:*"})
        await house.until(after("FATAL", "bad"))
        await crash(house, "web")
        await crash(house, "web")
        assert 0 == await house.stop()
        assert {} == house.marked()
    finally:
        os.close(writer)
        if not closed:
            os.close(reader)


async def test_a_daemon_whose_stdout_was_closed_starts_all_the_same(
    house: House,
) -> None:
    """``>&-``: descriptor 1 is not there at all; the state is not written into."""
    house.write({"web": well()})
    await house.start(prefix=("sh", "-c", 'exec "$@" >&-', "sh"))
    await crash(house, "web")
    assert 0 == await house.stop()
    assert b"# end" in house.state.read_bytes()


async def test_programs_get_nothing_of_the_daemon_but_what_is_theirs(
    house: House,
) -> None:
    """No descriptor beyond the three, no blocked signal, a session of its own.

    Not even one that the daemon was itself started with.
    """
    show = (
        "import os, signal, json, time;"
        "f = sorted(map(int, os.listdir('/proc/self/fd')))[:4];"
        "m = list(signal.pthread_sigmask(signal.SIG_BLOCK, []));"
        "i = [signal.getsignal(s) == signal.SIG_IGN for s in (1, 2, 13, 15)];"
        "print(json.dumps([f, m, i, os.getsid(0) == os.getpid()]), flush=True);"
        "time.sleep(1000)"
    )
    command = [sys.executable, "-c", show]
    house.write({"shows": {"command": command, "stdout_logfile": "shown"}})
    await house.start(prefix=("sh", "-c", 'exec 7</dev/null; exec "$@"', "sh"))
    found: list[Path] = []

    def shown() -> bool:
        found[:] = [p for p in house.root.rglob("shown") if p.read_text().strip()]
        return bool(found)

    await soon(shown)
    text = found[0].read_text()
    assert text.startswith("[[0, 1, 2, 3], [], [false, false, ")
    assert text.strip().endswith("true]")


async def test_the_socket_comes_back_when_it_was_removed(house: House) -> None:
    """Somebody removed the file: it is made again, and the programs don't notice."""
    house.write({"web": well()})
    await house.start()
    pids = await house.running("web")
    house.socket.unlink()

    async def answers() -> bool:
        return (await house.ctl("status", "web")).status == 0

    with trio.fail_after(DEADLINE):
        await soon(answers)
    assert pids == await house.running("web")


async def test_many_quick_runs_leave_nothing_behind(house: House) -> None:
    """A hundred in a row, and there is no descriptor and no zombie of them."""
    limits = {"permanent_after": 1000, "dormant_after": 1000, "open_after": 1000}
    quick = {"backoff_initial": 0.001, "backoff_max": 0.002}
    house.write({"quick": hopeless(startsecs=0)}, healing={**limits, **quick})
    await house.start()
    await house.until_status(lambda s: programs(s)["quick"]["runs"] > 5)
    before = descriptors(house.pid)
    await house.until_status(lambda s: programs(s)["quick"]["runs"] > 105)
    assert descriptors(house.pid) <= before + 20  # of a start under way, among others
    assert children(house.pid) <= 1


def descriptors(pid: int) -> int:
    """Return how many a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def children(pid: int) -> int:
    """Return how many a process has, zombies included."""
    return len(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
