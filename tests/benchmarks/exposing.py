"""What it costs to write the metrics of many services.

    python tests/benchmarks/exposing.py [--services N] [--runs N]

CPU time of this thread counts, so that a busy machine changes little: all of it, and
the longest that others had to wait for their turn.
"""

# ruff: noqa: E402 - what is imported depends on the path

import argparse
import gc
import sys
import time
from functools import partial
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])  # this folder's outcome.py isn't trio's
import trio
from measured import figures, program

from selfhealingd.core.foreseen import Seen
from selfhealingd.core.sample import Metric
from selfhealingd.web.metrics import expose


async def measure(services: int, runs: int) -> None:
    """Print the median of some runs."""
    names = [f"worker:{number:04}" for number in range(services)]
    limits = tuple(
        Seen(service=name, metric=metric, value=5e6, limit=1e9, looked=60.0)
        for name in names
        for metric in (Metric.MEMORY, Metric.FDS)
    )
    found = figures(*(program(name) for name in names), limits=limits)
    took: list[float] = []
    held: list[float] = []
    text = b""
    gc.collect()
    gc.freeze()
    for _ in range(runs):
        async with trio.open_nursery() as nursery:
            gaps: list[float] = []
            nursery.start_soon(_watch, gaps)
            await trio.sleep(0.01)
            gaps.clear()
            begun = time.thread_time()
            text = await expose(found)
            took.append(time.thread_time() - begun)
            held.append(max(gaps))
            nursery.cancel_scope.cancel()
    middle = runs // 2
    lines, mib = text.count(b"\n"), len(text) / 2**20
    sys.stdout.write(
        f"{services} services: {lines} lines, {mib:.1f} MiB\n"
        f"written in {sorted(took)[middle] * 1000:.0f} ms of CPU\n"
        f"others waited for {sorted(held)[middle] * 1000:.1f} ms at most\n"
    )


async def _watch(gaps: list[float]) -> None:
    last = time.thread_time()
    while True:
        await trio.lowlevel.checkpoint()
        now = time.thread_time()
        gaps.append(now - last)
        last = now


def main() -> None:
    """Read the command line, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=9)
    chosen = parser.parse_args()
    trio.run(partial(measure, chosen.services, chosen.runs))


if __name__ == "__main__":
    main()
