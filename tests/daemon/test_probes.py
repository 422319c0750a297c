"""Programs that are asked how they are, by a real daemon."""

import socket
import sys
from typing import Any

import pytest
from harness import Document, House, after, lives, programs, said, sh, soon, well

pytestmark = pytest.mark.process

SERVES = """
import http.server, os, signal, socket, sys, threading, time
here = sys.argv[2]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        while os.path.exists(here + '/hang'): time.sleep(0.02)
        self.send_response(503 if os.path.exists(here + '/ill') else 200)
        self.end_headers()
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler)
server.serve_forever()
"""
BEATS = """
import os, socket, sys, time
print(os.environ['WATCHDOG_USEC'], flush=True)
mute = sys.argv[1] + '/mute'
if os.path.exists(mute): os.unlink(mute)  # a restart helps
while True:
    if not os.path.exists(mute):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            try: out.sendto(b'WATCHDOG=1', os.environ['NOTIFY_SOCKET'])
            except OSError: pass  # there is no daemon just now
    time.sleep(0.05)
"""
QUICK: Document = {"period": 0.2, "timeout": 1, "failure_threshold": 2}


def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number: int = listener.getsockname()[1]
        return number


def python(code: str, *args: object, **keys: Any) -> Document:
    command = [sys.executable, "-c", code, *map(str, args)]
    return {"command": command, "startsecs": 0, "stopwaitsecs": 3, **keys}


def liveness(status: Document, name: str = "web") -> Document:
    """Return a program's liveness as status has it."""
    for probe in programs(status)[name]["probes"]:
        if probe["name"] == "liveness":
            found: Document = probe
            return found
    return {"answer": None, "failing": None}


async def until_answer(house: House, answer: str, *, failing: bool) -> Document:
    """Wait for it; nothing tells of an answer that changes nothing."""
    found: Document = {}

    async def seen() -> bool:
        found.update(liveness(await house.call("status")))
        return (answer, failing) == (found["answer"], found["failing"])

    await soon(seen)
    return found


async def test_one_that_hangs_is_sick(house: House) -> None:
    """Its process is there, and its port takes connections, but nothing is answered."""
    number = port()
    url = f"http://127.0.0.1:{number}/health?key=secret"
    asks = {"http": url, "ladder": ["hold"], **QUICK}
    web = python(SERVES, number, house.root, liveness=asks)
    house.write({"web": web})
    await house.start()
    probe = await until_answer(house, "ok", failing=False)
    assert f"http://127.0.0.1:{number}/health" == probe["asks"]
    assert "HTTP 200 OK" == probe["words"]
    assert "liveness" not in (await house.ctl("status", "--no-json")).out
    (house.root / "hang").touch()
    await soon(lambda: b'"Sickened"' in house.journal.read_bytes())
    assert f"{probe['asks']}: no answer within".encode() in house.journal.read_bytes()
    status = (await house.ctl("status", "--no-json")).out
    assert "no answer within" in status


async def test_one_that_hangs_is_healed(house: House) -> None:
    """It is restarted, and that is verified: a probe that hangs no more."""
    number = port()
    url = f"http://127.0.0.1:{number}/"
    hang = house.root / "hang"
    heals = "hang = here + '/hang'\nif os.path.exists(hang): os.unlink(hang)\n{}"
    start, serve = SERVES.split("class Handler")
    code = f"{start}{heals.format('')}class Handler{serve}"
    web = python(
        code,
        number,
        house.root,
        liveness={"http": url, **QUICK},
        readiness={"tcp": f"127.0.0.1:{number}"},
    )
    house.write({"web": web})
    await house.start()
    await until_answer(house, "ok", failing=False)
    before = (await house.program("web"))["pid"]
    hang.touch()
    opened, healed = await house.until(
        said(service="web", kind="incident.opened"),
        said(service="web", kind="incident.ended"),
    )
    assert "probe" == opened["data"]["incident"]["cause"]
    assert "no answer within" in opened["data"]["incident"]["detail"]
    assert "healed" == healed["data"]["incident"]["outcome"]
    await until_answer(house, "ok", failing=False)
    assert before != (await house.program("web"))["pid"]


async def test_ready_by_http(house: House) -> None:
    """RUNNING waits for it; later it is not ready, and runs on; then it is again."""
    number = port()
    ill = house.root / "ill"
    ill.touch()
    readiness = {"http": f"http://127.0.0.1:{number}/", "within": 30, **QUICK}
    web = python(SERVES, number, house.root, readiness=readiness)
    later = well(depends_on={"web": "ready"}, autostart=False)
    house.write({"web": web, "later": later})
    await house.start()
    status = await house.until_status(
        lambda s: "HTTP 503" in (programs(s)["web"]["next"] or "")
    )
    assert "STARTING" == programs(status)["web"]["state"]
    ill.unlink()
    await house.until(after("RUNNING", "web"))
    pid = (await house.program("web"))["pid"]
    ill.touch()
    told = said("not ready: .*HTTP 503", service="web", kind="service.readiness")
    await house.until(told)
    web = await house.program("web")
    assert ("RUNNING", pid) == (web["state"], web["pid"])
    assert "HTTP 503" in web["notReady"]
    assert "not ready: " in (await house.ctl("status", "--no-json")).out
    async with house.connect() as line:
        await line.send("start", names=["later"])
        status = await house.until_status(
            lambda s: programs(s)["later"]["next"] == "starts once web is ready"
        )
        ill.unlink()
        await house.until(after("RUNNING", "later"))
    assert (await house.program("web"))["notReady"] is None


async def test_startup_is_another_matter(house: House) -> None:
    """It is RUNNING by one command, and ready by another."""
    up, fit = house.root / "up", house.root / "fit"
    web = well(
        startup={"exec": ["test", "-e", str(up)], "within": 30},
        readiness={"exec": ["test", "-e", str(fit)], **QUICK},
    )
    house.write({"web": web, "later": well(depends_on={"web": "ready"})})
    await house.start()
    assert "STARTING" == (await house.program("web"))["state"]
    up.touch()
    await house.until(after("RUNNING", "web"))
    web = await house.program("web")
    assert web["notReady"]
    assert "STOPPED" == (await house.program("later"))["state"]
    fit.touch()
    await house.until(after("RUNNING", "later"))


async def test_a_heart_that_stops(house: House) -> None:
    """It is noticed within its time, and healed; a reload changes how it is asked."""
    mute = house.root / "mute"
    beats = python(BEATS, house.root, liveness={"heartbeat": 1.5})
    house.write({"web": beats})
    await house.start()
    probe = await until_answer(house, "ok", failing=False)
    assert "WATCHDOG=1 within 1.5 s" == probe["asks"]
    assert "1500000\n" == (house.root / "logs" / "web.log").read_text()
    mute.touch()
    [opened] = await house.until(said(service="web", kind="incident.opened"))
    assert "missed heartbeat" == opened["data"]["incident"]["cause"]
    await house.until(said("healed", service="web", kind="incident.ended"))


async def test_a_command_that_hangs_leaves_nothing(house: House) -> None:
    """Nor do its children, even those that would not hear SIGTERM."""
    ward = house.root / "ward"
    hangs = f"trap '' TERM; sleep 1111 & echo $! > {ward}; wait; wait"
    asks = {"exec": ["sh", "-c", hangs], **QUICK, "failure_threshold": 100}
    web = well(liveness=asks)
    house.write({"web": web})
    await house.start()
    probe = await until_answer(house, "failed", failing=False)
    assert "it has not ended within" in probe["words"]
    assert "sh" == probe["asks"]
    house.change(web=well(liveness={"exec": "true", "period": 0.2}))
    await house.ctl("reload")
    await until_answer(house, "ok", failing=False)
    pid = ward.read_text().strip()
    await soon(lambda: not lives(int(pid)))


async def test_what_can_not_be_asked_is_unknown(house: House) -> None:
    """It is shown, and nothing is done about it."""
    keys = {"period": 0.1, "failure_threshold": 1}
    house.write({"web": well(liveness={"exec": "no-such-command", **keys})})
    await house.start()
    probe = await until_answer(house, "unknown", failing=False)
    assert "no-such-command" in probe["words"]
    status = (await house.ctl("status", "--no-json")).out
    assert "liveness unknown" in status
    assert b'"Sickened"' not in house.journal.read_bytes()


async def test_logs(house: House) -> None:
    """A line that says so, and silence."""
    hold: Document = {"ladder": ["hold"]}
    go = house.root / "go"
    waits = (
        f"while [ ! -e {go} ]; do sleep 0.05; done; echo it is an ERR; exec sleep 999"
    )
    house.write(
        {
            "bad": sh(waits, liveness={"log": "ERR$", "period": 1.5}, healing=hold),
            "mute": sh("exec sleep 999", liveness={"silence": 1}, healing=hold),
        }
    )
    await house.start()

    async def until(name: str, answer: str) -> Document:
        async def seen() -> bool:
            found.update(liveness(await house.call("status"), name))
            return bool(answer == found["answer"])

        found: Document = {}
        await soon(seen)
        return found

    assert "nothing written for 1 s" == (await until("mute", "failed"))["words"]
    await until("bad", "ok")
    go.touch()
    assert "it wrote: it is an ERR" == (await until("bad", "failed"))["words"]
    await until("bad", "ok")


async def test_probes_go_on_after_the_daemon_was_killed(house: House) -> None:
    """What the next one adopts is asked as before, and its heartbeats are heard."""
    house.write({"web": python(BEATS, house.root, liveness={"heartbeat": 2})})
    await house.start()
    await until_answer(house, "ok", failing=False)
    pid = (await house.program("web"))["pid"]
    await house.kill9()
    await house.start()
    await until_answer(house, "ok", failing=False)
    assert pid == (await house.program("web"))["pid"]


async def test_the_sign_of_a_start_is_asked_for_once(house: House) -> None:
    """What was RUNNING when the daemon was killed is not asked for it again."""
    up = house.root / "up"
    up.touch()
    web = well(startup={"exec": ["test", "-e", str(up)]})
    house.write({"web": web, "later": well(depends_on={"web": "ready"})})
    await house.start()
    await house.until(after("RUNNING", "later"))
    kept = house.state
    await soon(lambda: kept.exists() and kept.read_text().count("RUNNING") == 2)
    up.unlink()
    await house.kill9()
    asked = house.root / "asked"
    house.change(web=well(startup={"exec": ["touch", str(asked)]}))
    await house.start()
    web = await house.program("web")
    assert ("RUNNING", None) == (web["state"], web["notReady"])
    assert not asked.exists()


async def test_a_reload_restarts_nothing(house: House) -> None:
    """Another question is asked at once."""
    house.write({"web": well(liveness={"exec": "true", "period": 0.2})})
    await house.start()
    await until_answer(house, "ok", failing=False)
    pid = (await house.program("web"))["pid"]
    ill = {"exec": "false", "period": 0.2, "failure_threshold": 1, "ladder": ["hold"]}
    house.change(web=well(liveness=ill))
    ran = await house.ctl("reload")
    assert "changed: web" in ran.out
    probe = await until_answer(house, "failed", failing=True)
    assert "exit status 1" == probe["words"]
    assert pid == (await house.program("web"))["pid"]


async def test_what_a_killed_daemon_asked_is_cleared_away(house: House) -> None:
    """The next one ends the command that hung just then."""
    ward = house.root / "ward"
    hangs = f"echo $$ > {ward}; exec sleep 2222"
    asks = {"exec": ["sh", "-c", hangs], "timeout": 60, "period": 0.1}
    house.write({"web": well(liveness=asks)})
    await house.start()
    await soon(lambda: ward.exists() and ward.read_text().strip())
    pid = ward.read_text().strip()
    await house.kill9()
    house.change(web=well())
    await house.start()
    await soon(lambda: not lives(int(pid)))
