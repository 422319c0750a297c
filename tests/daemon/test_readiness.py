"""RUNNING only when ready: starts, dependencies and rolling restarts wait for it."""

import socket
import sys
from typing import Any

import pytest
from harness import Document, House, after, programs, said, sh, well

pytestmark = pytest.mark.process

SPEAKS = """
import os, pathlib, signal, socket, time
def tell(message):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto(message, os.environ['NOTIFY_SOCKET'])
"""
NOTIFY: Document = {"notify": True, "within": 60}


def speaks(code: str, **keys: Any) -> Document:
    """Return a program that speaks by sd_notify(3), and then stays."""
    command = [sys.executable, "-c", f"{SPEAKS}\n{code}\nsignal.pause()"]
    usual: Document = {"startsecs": 0.1, "stopwaitsecs": 3, "readiness": NOTIFY}
    return {"command": command, **usual, **keys}


def when(file: str) -> str:
    """Return code that waits for a file."""
    return f"while not pathlib.Path({file!r}).exists(): time.sleep(0.01)\n"


async def test_waves_wait_for_what_was_declared(house: House) -> None:
    """Not for an age: what depends on it, and a start by hand, wait for its word."""
    go = str(house.root / "go")
    code = f"tell(b'STATUS=loading')\n{when(go)}tell(b'READY=1\\nSTATUS=')"
    house.write({"db": speaks(code), "web": well(depends_on={"db": "ready"})})
    await house.start()
    status = await house.until_status(
        lambda s: programs(s)["db"]["statusText"] == "loading"
    )
    db, web = programs(status)["db"], programs(status)["web"]
    assert ("STARTING", "STOPPED") == (db["state"], web["state"])
    assert db["next"].startswith("waits for READY=1; a failed start in ")
    assert "starts once db is ready" == web["next"]
    assert "it says: loading" in (await house.ctl("status", "--no-json")).out
    (house.root / "go").touch()
    await house.until(after("RUNNING", "db"), after("RUNNING", "web"))
    ran = await house.ctl("restart", "db")
    assert 0 == ran.status, ran.out + ran.err
    assert (await house.program("db"))["statusText"] is None


async def test_one_that_does_not_get_ready_in_time(house: House) -> None:
    """It is ended, and healed; whoever started it reads what was waited for."""
    once = "flag = pathlib.Path('once')\nif not flag.exists():\n  flag.touch()\n"
    code = f"{once}  signal.pause()\ntell(b'READY=1')"
    keys: Document = {"directory": str(house.root), "autostart": False}
    house.write({"db": speaks(code, readiness={"notify": True, "within": 2}, **keys)})
    await house.start()
    ran = await house.ctl("start", "db")
    assert 1 == ran.status
    late = "not ready within 2 s: it has not sent READY=1"
    assert late in ran.out
    await house.until(
        said(f"stopping: {late}", service="db"),
        said(f"failed to start: {late}", kind="incident.opened"),
        after("RUNNING", "db"),
        said("healed", kind="incident.ended"),
    )
    assert late == (await house.program("db"))["exit"]


async def test_a_rolling_restart_waits_for_each(house: House) -> None:
    """The next goes down when this one is ready; one that never is, is the last."""
    go = str(house.root / "go")
    code = f"{when(go)}tell(b'READY=1')"
    house.write({"web": speaks(code, numprocs=2)})
    (house.root / "go").touch()
    await house.start()
    names = ("web_00", "web_01")
    before = await house.running(*names)
    async with house.events(last=0) as events:
        ran = await house.ctl("restart", "--rolling", "web:*")
        assert 0 == ran.status, ran.out + ran.err
        for name in names:
            await events.until(after("STOPPING", name), after("RUNNING", name, run=2))
    (house.root / "go").unlink()
    quick: Document = {"notify": True, "within": 0.5}
    house.change(web=speaks(code, numprocs=2, readiness=quick))
    await house.call("reload")
    ran = await house.ctl("restart", "--rolling", "web:*")
    assert 1 == ran.status
    assert "left as it was: web_00 did not come up" in ran.out
    now = await house.program("web_01")
    assert ("RUNNING", 2) == (now["state"], now["runs"])
    assert now["pid"] != before["web_01"]


async def test_more_time_is_given(house: House) -> None:
    """One that says that it is not stuck may take longer than was set."""
    code = """
for _ in range(4):
    tell(b'EXTEND_TIMEOUT_USEC=60000000')
    time.sleep(1)
tell(b'READY=1')
"""
    house.write({"db": speaks(code, readiness={"notify": True, "within": 3})})
    await house.start()
    await house.until(after("RUNNING", "db", run=1))


async def test_a_line_and_a_port(house: House) -> None:
    """Other signs; and what is missing is told with its cause."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    listens = f"socket.create_server(('127.0.0.1', {port}))"
    go = str(house.root / "go")
    house.write(
        {
            "line": sh(
                "echo starting; echo ready to serve; exec sleep 1000",
                readiness={"log": "^ready"},
            ),
            "port": speaks(
                f"{when(go)}kept = {listens}", readiness={"tcp": f":{port}"}
            ),
        }
    )
    await house.start()
    await house.running("line")
    await house.until_status(
        lambda s: f"(nothing listens on :{port})" in (programs(s)["port"]["next"] or "")
    )
    (house.root / "go").touch()
    await house.running("port")


async def test_a_changed_sign_waits_for_its_program(house: House) -> None:
    """It belongs to what runs: in force only with the next start by hand."""
    house.write({"db": speaks("tell(b'READY=1')")})
    await house.start()
    await house.running("db")
    house.change(db=speaks("tell(b'READY=1')", readiness={"unix": "db.sock"}))
    await house.call("reload")
    assert (await house.program("db"))["pendingUpdate"]
    await house.call("signal", names=["db"], signal="KILL")
    await house.until(after("RUNNING", "db", run=2))
