"""Measure what it costs to measure programs: ours beside monit's, at the same interval.

Both look at the same programs for the same time, so that a busy machine is as busy for
either. What counts is the CPU time that each used. See README.md here.

Exit status 0 when it was measured, 1 when it could not be, 2 for wrong usage, 128 and
the signal when interrupted. No figure makes it fail.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

# Run as a script, only this folder is on the path, and not the one that it is in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import interrupts, processes
from benchmarks.peers.selfhealingd import Selfhealingd
from benchmarks.program import build
from benchmarks.shelf import CannotInstall, Shelf, Tool
from benchmarks.trial import Failed, Trial, trial

INTERVAL = 5
GOAL = 3.0
OFF = "FEATURE_PROCESS_MONITORING_ENABLED=false\n"
MONITRC = """
set daemon {interval}
set log /dev/null
set pidfile {folder}/monit.pid
set idfile {folder}/monit.id
set statefile {folder}/monit.state
"""
CHECK = """
check process {name} with pidfile {folder}/{name}.pid
  if cpu > 99% for 12 cycles then alert
  if memory > 10 GB for 3 cycles then alert
"""


def main() -> int:
    """Do what the command line says; return the exit status."""
    args = _arguments()
    interrupts.heed()
    processes.adopt_orphans()
    with ExitStack() as stack:
        own = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        stack.callback(processes.end_descendants)
        shelf = Shelf(args.work.resolve() if args.work else own)
        monit = None if args.alone else _monit(shelf)
        try:
            used = _measure(args, shelf, own, monit)
        except (CannotInstall, Failed) as error:
            _tell(str(error))
            return 1
    sys.stdout.write(_report(used, args, monit))
    return 0


def _monit(shelf: Shelf) -> Tool | None:
    try:
        return shelf.debian("monit", "monit")
    except CannotInstall as error:
        _tell(f"monit: {error}")
        return None


def _measure(
    args: argparse.Namespace, shelf: Shelf, own: Path, monit: Tool | None
) -> dict[str, float]:
    """Return the CPU that each used, in % of one core."""
    names = [f"program-{number}" for number in range(args.programs)]
    ours = Selfhealingd.install(shelf)
    with trial(ours, build(own), names) as run:
        _tell(f"starting {args.programs} programs")
        run.start()
        pids = {"selfhealingd": run.supervisors()}
        if monit is not None:
            pids["monit"] = {_start_monit(monit, run)}
        # Two intervals: what is read only the first time has been read.
        run.settle(2 * min(INTERVAL, args.secs))
        _tell(f"measuring for {args.secs:g} s")
        used = _used(pids, args.secs)
        _switch_off(run, pids["selfhealingd"])
        run.settle(1.0)
        _tell(f"and for {args.secs:g} s without sampling")
        off = _used({"selfhealingd": pids["selfhealingd"]}, args.secs)
        return {**used, "resting": off["selfhealingd"]}


def _start_monit(monit: Tool, run: Trial) -> int:
    folder = run.setting.folder
    text = MONITRC.format(folder=folder, interval=INTERVAL)
    for name, pid in run.reports.pids.items():
        (folder / f"{name}.pid").write_text(f"{pid}\n")
        text += CHECK.format(name=name, folder=folder)
    config = folder / "monitrc"
    config.write_text(text)
    config.chmod(0o600)  # monit refuses one that others can read
    return subprocess.Popen(
        [monit.path("monit"), "-c", str(config), "-I"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **monit.environ},
    ).pid


def _switch_off(run: Trial, pids: set[int]) -> None:
    (run.setting.folder / "flags.env").write_text(OFF)
    for pid in pids:
        os.kill(pid, signal.SIGHUP)


def _used(pids: Mapping[str, set[int]], secs: float) -> dict[str, float]:
    each: Callable[[], dict[str, float]] = lambda: {  # noqa: E731 - twice the same
        name: sum(processes.cpu_seconds(its).values()) for name, its in pids.items()
    }
    begun, before = time.monotonic(), each()
    time.sleep(secs)
    after, passed = each(), time.monotonic() - begun
    return {name: 100 * (after[name] - before[name]) / passed for name in pids}


def _report(
    used: Mapping[str, float], args: argparse.Namespace, monit: Tool | None
) -> str:
    ours = used["selfhealingd"]
    sampling = ours - used["resting"]
    lines = [
        f"{args.programs} programs, looked at every {INTERVAL} s; % of one core",
        f"selfhealingd  {ours:6.2f}   all that it does",
        f"  sampling    {sampling:6.2f}   the difference that its flag makes",
    ]
    if monit is not None:
        lines += [
            f"monit         {used['monit']:6.2f}   version {monit.version}",
            f"monit takes {used['monit'] / ours:.1f} times what selfhealingd takes",
        ]
    verdict = "reached" if sampling < GOAL else "missed"
    lines.append(f"sampling under {GOAL:g} %: {verdict}")
    return "\n".join(lines) + "\n"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Measure what sampling costs, beside monit."
    )
    add = parser.add_argument
    add("--programs", type=int, default=1000, help="how many (default: 1000)")
    add("--secs", type=float, default=60.0, help="how long (default: 60)")
    add("--alone", action="store_true", help="without monit")
    add("--work", type=Path, metavar="DIR", help="keep the installed monit there")
    args = parser.parse_args()
    if args.programs < 1 or args.secs <= 0:
        parser.error("at least one program and some time are needed")
    return args


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
