"""Measure what it costs to ask a thousand services how they are.

One server answers for all of them, in a process of its own; what counts is the CPU time
of the one that asks. See README.md here.

Exit status 0 when it was measured, 1 when not all answers were well. No figure makes it
fail.
"""

import argparse
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from random import Random

# Run as a script, this folder is on the path, and its outcome.py is not trio's.
sys.path.remove(str(Path(__file__).resolve().parent))

import trio

from selfhealingd.core.ask import Ask, Connect, Http, Outcome
from selfhealingd.core.events import Event
from selfhealingd.core.launch import Launch
from selfhealingd.core.probe import Probe, Probes
from selfhealingd.core.readiness import Tcp
from selfhealingd.observe.pressure import Pressure
from selfhealingd.observe.probes.asking import Asker
from selfhealingd.observe.probes.command import Ended
from selfhealingd.observe.probes.prober import Prober, Senses

HERE = "127.0.0.1"
SERVER = r"""
import trio
async def answer(stream):
    async with stream:
        if await stream.receive_some(4096):
            await stream.send_all(b"HTTP/1.1 204 Fine\r\nConnection: close\r\n\r\n")
async def serve():
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1", backlog=4096)
    print(listener.socket.getsockname()[1], flush=True)
    await trio.serve_listeners(answer, [listener])
trio.run(serve)
"""


def main() -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--probes", type=int, default=1000)
    parser.add_argument("--period", type=float, default=10)
    parser.add_argument("--secs", type=float, default=30)
    args = parser.parse_args()
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        unwell = 0
        for name, ask in (
            ("tcp", Connect(place=Tcp(HERE, port))),
            ("http", Http(host=HERE, port=port)),
        ):
            unwell += trio.run(_measure, name, ask, args)
    finally:
        server.kill()
        server.wait()
    return 1 if unwell else 0


async def _measure(name: str, ask: Ask, args: argparse.Namespace) -> int:
    names = [str(number) for number in range(args.probes)]
    prober = _prober()
    probes = Probes(liveness=Probe(what=ask, period=args.period))
    prober.put(dict.fromkeys(names, probes))
    async with trio.open_nursery() as nursery:
        await nursery.start(prober.run)
        for one in names:
            prober.begin(one, 1, 1)
        await trio.sleep(args.period)  # by then each has been asked once
        began, used = time.monotonic(), time.process_time()
        await trio.sleep(args.secs)
        share = (time.process_time() - used) / (time.monotonic() - began)
        answers = [case.answer for one in names for case in prober.cases(one)]
        nursery.cancel_scope.cancel()
    unwell = sum(a is None or a.outcome is not Outcome.OK for a in answers)
    sys.stdout.write(
        f"{args.probes} {name} probes each {args.period:g} s: {100 * share:.1f} % of a"
        f" core, {threading.active_count()} thread, {unwell} not well\n"
    )
    return unwell


def _prober() -> Prober:
    async def report(_event: Event) -> None:
        """Nobody listens."""

    async def run(_launch: Launch, _seconds: float) -> Ended:
        raise AssertionError

    def follow(path: Path) -> nullcontext[trio.MemoryReceiveChannel[bytes]]:
        raise AssertionError(path)

    pressure = Pressure()
    senses = Senses(
        asker=Asker(run, pressure),
        pressure=pressure,
        launch=lambda _: Launch(argv=()),
        follow=follow,
        hear=lambda _path, _heard: nullcontext(),
        stuck=lambda _: False,
    )
    return Prober(senses, report, Random())  # noqa: S311 - it only spreads the asks


if __name__ == "__main__":
    sys.exit(main())
