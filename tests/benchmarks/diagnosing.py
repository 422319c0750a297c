"""Measure whether programs come back as soon while a call to a model hangs.

One daemon, one endpoint on loopback that takes a call and never answers; programs are
killed by turns without and with such a call under way. See README.md here.

Exit status 0 when it was measured, 1 when it could not be. No figure makes it fail.
"""

import argparse
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

# Run as a script, only this folder is on the path, and not the one that it is in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import interrupts, processes
from benchmarks.crashes import Crashes, crash
from benchmarks.measure import nearest_rank
from benchmarks.peer import Launch, Setting
from benchmarks.peers.selfhealingd import ROOT, Selfhealingd
from benchmarks.program import build
from benchmarks.shelf import CannotInstall, Shelf
from benchmarks.trial import Failed, Trial, trial

CALL_SECS = 600
ARRIVES_SECS = 60.0
SETTLE_SECS = 2.0
ASKED = "p0000"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
WITHOUT, WITH = "without a call", "while a call hangs"


class Asking(Selfhealingd):
    """Our daemon with a key, and an endpoint of ours."""

    endpoint = ""

    def prepare(self, setting: Setting) -> Launch:
        """See Peer."""
        launch = super().prepare(setting)
        with (setting.folder / "c.toml").open("a") as config:
            config.write(
                f'\n[llm]\nendpoint = "{self.endpoint}"\ntimeout = {CALL_SECS}\n'
                "calls_per_hour = 1000\ntokens_per_day = 1000000\n"
            )
        environ = {**launch.environ, "ANTHROPIC_API_KEY": "none"}
        return Launch(launch.command, launch.status, environ)


def main() -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--crashes", type=int, default=30, help="in each turn")
    parser.add_argument("--turns", type=int, default=3)
    args = parser.parse_args()
    interrupts.heed()
    processes.adopt_orphans()
    folder = Path(tempfile.mkdtemp(prefix="bench-work-")).resolve()
    try:
        times = _measure(args, folder)
    except (CannotInstall, Failed, TimeoutError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        processes.end_descendants()
        shutil.rmtree(folder)
    for name, values in times.items():
        half, most = statistics.median(values), nearest_rank(values, 0.95)
        sys.stdout.write(
            f"restart {name}: median {half:.2f} ms, 95 % within {most:.2f} ms"
            f" ({len(values)} crashes)\n"
        )
    ratio = statistics.median(times[WITH]) / statistics.median(times[WITHOUT])
    sys.stdout.write(f"ratio of the medians: {ratio:.2f}\n")
    return 0


def _measure(args: argparse.Namespace, folder: Path) -> dict[str, list[float]]:
    names = [f"p{number:04}" for number in range(args.programs)]
    times: dict[str, list[float]] = {WITHOUT: [], WITH: []}
    peer = Asking.install(Shelf(folder))
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(ARRIVES_SECS)
        peer.endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        with trial(peer, build(folder), names) as one:
            one.start()
            for _ in range(args.turns):
                one.settle(SETTLE_SECS)
                times[WITHOUT] += _times(crash(one, args.crashes, peer.pace))
                with _hanging(one, server):
                    one.settle(SETTLE_SECS)
                    times[WITH] += _times(crash(one, args.crashes, peer.pace))
    return times


def _times(seen: Crashes) -> list[float]:
    if seen.lost or not seen.times:
        raise Failed(f"{seen.lost} crashes were not healed in time")
    return seen.times


@contextmanager
def _hanging(one: Trial, server: socket.socket) -> Iterator[None]:
    """Have a call under way, about a crash of just now."""
    one.kill(ASKED)
    while not any(report.name == ASKED for report in one.reports.take(1.0)):
        pass
    socket_path = str(one.setting.folder / "s")
    command = [sys.executable, "-m", "selfhealctl", "--socket", socket_path]
    asking = subprocess.Popen(
        [*command, "llm", "diagnose", ASKED],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    call, _ = server.accept()
    with call:
        yield
        call.sendall(NOT_FOUND)  # which opens no breaker
    asking.wait(ARRIVES_SECS)


if __name__ == "__main__":
    sys.exit(main())
