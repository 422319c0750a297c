"""What a bare call of selfhealctl costs beside the import of typer alone.

    python tests/benchmarks/startup.py [--runs N]

Each command is run in turn, and the quickest run of each counts: a busy machine can
only add to it.
The goal: no more than 30 ms beyond ``python -c 'import typer'``.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

GOAL_MS = 30.0
BASE = "import typer"
SCRIPT = "import re, sys; from selfhealctl.__main__ import main; sys.exit(main())"
"""What pip makes of the package's entry point."""

STATUS = {
    "status": "healthy",
    "selfHealing": {},
    "circuitBreakers": [],
    "issues": [],
    "recommendations": [],
}


def answer(listener: socket.socket) -> None:
    """Give every caller the same small status."""
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as stream:
            request = json.loads(stream.readline())
            reply = {"jsonrpc": "2.0", "id": request["id"], "result": STATUS}
            stream.write(json.dumps(reply).encode() + b"\n")


def milliseconds(command: Sequence[str], environ: dict[str, str]) -> float:
    """Run it once, its output thrown away; raises CalledProcessError."""
    begun = time.perf_counter()
    subprocess.check_output(command, env=environ)
    return (time.perf_counter() - begun) * 1000


def measure(runs: int, path: Path) -> dict[str, list[float]]:
    """Run each command so many times; return what each run took."""
    ctl = (sys.executable, "-c", SCRIPT)
    commands: dict[str, Sequence[str]] = {
        BASE: (sys.executable, "-c", BASE),
        "selfhealctl --version": (*ctl, "--version"),
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
