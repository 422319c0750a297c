"""What a bare call of selfhealctl costs beside the import of typer alone.

    python tests/benchmarks/startup.py [--runs N]

Each command is run in turn on a terminal of its own, as a person types it, and the
quickest run of each counts: a busy machine can only add to it.
The goal: no more than 30 ms beyond ``python -c 'import typer'``.
"""

import argparse
import json
import os
import pty
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from selfhealingd import __version__
from selfhealingd.wire.documents import (
    BackgroundTasks,
    FlagsDocument,
    Llm,
    ProgramDocument,
    SelfHealing,
    Status,
)

GOAL_MS = 30.0
BASE = "import typer"
SCRIPT = "import re, sys; from selfhealctl.__main__ import main; sys.exit(main())"
"""What pip makes of the package's entry point."""

STATUS = Status(
    status="healthy",
    self_healing=SelfHealing(
        enabled=True,
        is_dormant=False,
        dormant_reason=None,
        consecutive_failures=0,
        backoff_delay=5000,
        total_attempts=0,
        successful_healings=0,
        failed_healings=0,
    ),
    circuit_breakers=(),
    background_tasks=BackgroundTasks(total_tasks=0, active_tasks=0, tasks=()),
    llm=Llm(),
    issues=(),
    recommendations=(),
    programs=tuple(
        ProgramDocument(
            name=name,
            group=None,
            state="RUNNING",
            pid=4711,
            since="2026-01-01T00:00:00Z",
            uptime=11523.4,
            exit=None,
            next=None,
            next_at=None,
            breaker="CLOSED",
            wanted=True,
            runs=1,
            consecutive_failures=0,
            incident=None,
            cpu=12.3,
            memory=50_000_000,
        )
        for name in ("db", "web", "worker")
    ),
    watches=(),
    incidents=(),
    flags=FlagsDocument(file="flags.env", values={}),
    version=__version__,
    pid=12,
    uptime=60.0,
)


def answer(listener: socket.socket) -> None:
    """Give every caller the same small status."""
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as stream:
            request = json.loads(stream.readline())
            reply = {"jsonrpc": "2.0", "id": request["id"], "result": STATUS}
            stream.write(msgspec.json.encode(reply) + b"\n")


def milliseconds(command: Sequence[str], environ: dict[str, str]) -> float:
    """Run it once, its output thrown away; raises CalledProcessError."""
    ours, theirs = pty.openpty()
    begun = time.perf_counter()
    with subprocess.Popen(
        command, env=environ, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        with suppress(OSError):  # its end closed
            while os.read(ours, 65536):
                pass
        process.wait()
    taken = (time.perf_counter() - begun) * 1000
    os.close(ours)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return taken


def measure(runs: int, path: Path) -> dict[str, list[float]]:
    """Run each command so many times; return what each run took."""
    ctl = (sys.executable, "-c", SCRIPT)
    commands: dict[str, Sequence[str]] = {
        BASE: (sys.executable, "-c", BASE),
        "selfhealctl --version": (*ctl, "--version"),
        "selfhealctl": ctl,
        "selfhealctl status": (*ctl, "status"),
    }
    environ = os.environ | {"SELFHEALCTL_SOCKET": str(path)}
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            one = milliseconds(command, environ)
            if number:  # the first run fills the caches
                taken[name].append(one)
    return taken


def main() -> None:
    """Measure, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as sock:
        path = Path(folder) / "control.sock"
        sock.bind(str(path))
        sock.listen()
        threading.Thread(target=answer, args=(sock,), daemon=True).start()
        taken = measure(runs, path)
    base = min(taken[BASE])
    sys.stdout.writelines(line(name, min(taken[name]), base) for name in taken)


def line(name: str, quickest: float, base: float) -> str:
    """Say of one command what it took, and whether that is good enough."""
    over = quickest - base
    good = "good" if over <= GOAL_MS else f"over the goal of {GOAL_MS:g} ms"
    verdict = "" if name == BASE else f"  {over:+5.1f} ms: {good}"
    return f"{name:<22} {quickest:6.1f} ms{verdict}\n"


if __name__ == "__main__":
    main()
