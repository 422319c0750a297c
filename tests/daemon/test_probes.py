"""Programs that are asked how they are, by a real daemon."""

import socket
import sys
from typing import Any

import pytest
from harness import Document, House, programs, soon

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
while True:
    if not os.path.exists(sys.argv[1] + '/mute'):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto(b'WATCHDOG=1', os.environ['NOTIFY_SOCKET'])
    time.sleep(0.05)
"""
QUICK: Document = {"period": 0.2, "timeout": 0.3, "failure_threshold": 2}


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
    web = python(SERVES, number, house.root, liveness={"http": url, **QUICK})
    house.write({"web": web})
    await house.start()
    probe = await until_answer(house, "ok", failing=False)
    assert f"http://127.0.0.1:{number}/health" == probe["asks"]
    assert "HTTP 200 OK" == probe["words"]
    assert "liveness" not in (await house.ctl("status", "--no-json")).out
    (house.root / "hang").touch()
    await soon(lambda: b'"Sickened"' in house.journal.read_bytes())
    assert f"{probe['asks']}: no answer within".encode() in house.journal.read_bytes()
