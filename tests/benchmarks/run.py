"""Measure selfhealingd and its peers side by side: see README.md here.

Exit status 0 when it was measured, 1 when a peer gave no figure at all or none could be
installed, 2 for wrong usage, 128 and the signal when interrupted.
"""

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

# Run as a script, only this folder is on the path, and not the one that it is in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import goals, interrupts, processes, report
from benchmarks.measure import measure
from benchmarks.outcome import Outcome, Plan
from benchmarks.peer import Peer
from benchmarks.peers.circus import Circus
from benchmarks.peers.monit import Monit
from benchmarks.peers.pm2 import Pm2
from benchmarks.peers.runit import Runit
from benchmarks.peers.s6 import S6
from benchmarks.peers.selfhealingd import Selfhealingd
from benchmarks.peers.supervisord import Supervisord
from benchmarks.program import build
from benchmarks.shelf import CannotInstall, Shelf

MAKERS: tuple[type[Peer], ...] = (
    Selfhealingd,
    Runit,
    S6,
    Supervisord,
    Circus,
    Pm2,
    Monit,
)
PEERS = {maker.name.lower(): maker for maker in MAKERS}
QUICK_PEERS = ["selfhealingd", "runit", "s6", "supervisord"]
QUICK = Plan(programs=(200,), crashes=10, idle_secs=5.0, output_secs=2)


def main() -> int:
    """Do what the command line says; return the exit status."""
    args = _arguments()
    interrupts.heed()
    machine = report.Machine.this()
    begun = time.monotonic()
    processes.adopt_orphans()
    own = Path(tempfile.mkdtemp(prefix="bench-work-")).resolve()
    try:
        outcomes, missing = _run(args, own)
    finally:
        processes.end_descendants()
        shutil.rmtree(own)
    report.write_json(args.json, machine, args.plan, outcomes, missing)
    _show(report.tables(outcomes, args.plan))
    _show(goals.verdicts(outcomes))
    _show(report.notes(outcomes, missing))
    took = time.monotonic() - begun
    _show(
        f"{machine.cpus} CPUs, load {machine.load:.1f} before, {took:.0f} s; "
        f"all values in {args.json}"
    )
    return 0 if outcomes and all(one.figures for one in outcomes) else 1


def _run(args: argparse.Namespace, own: Path) -> tuple[list[Outcome], dict[str, str]]:
    shelf = Shelf(args.work.resolve() if args.work else own)
    program = build(own)
    found: list[Peer] = []
    missing: dict[str, str] = {}
    for name in args.peers:
        _tell(f"{name}: installing")
        try:
            found.append(PEERS[name].install(shelf))
        except CannotInstall as error:
            missing[name] = str(error)
            _tell(f"{name}: {error}")
    return [measure(peer, program, args.plan, _tell) for peer in found], missing


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Measure selfhealingd and its peers side by side.",
        epilog=f"Peers: {', '.join(PEERS)}.",
    )
    add = parser.add_argument
    add("--peers", type=_peers, help="a,b,…: only these (default: all)")
    add("--programs", type=_counts, help="200,1000: how many programs are kept")
    add("--crashes", type=int, help="how many programs are killed (default: 30)")
    add("--idle", type=float, metavar="SECS", help="how long idle CPU is watched")
    add("--quick", action="store_true", help="200 programs, 10 crashes, 3 peers")
    add("--work", type=Path, metavar="DIR", help="keep installed peers there")
    place = Path(tempfile.gettempdir()) / "selfhealingd-benchmarks.json"
    add("--json", type=Path, metavar="FILE", default=place, help=f"default: {place}")
    args = parser.parse_args()
    plan = QUICK if args.quick else Plan()
    args.plan = replace(
        plan,
        programs=args.programs or plan.programs,
        crashes=args.crashes or plan.crashes,
        idle_secs=args.idle or plan.idle_secs,
    )
    args.peers = args.peers or (QUICK_PEERS if args.quick else list(PEERS))
    return args


def _peers(text: str) -> list[str]:
    names = [name.strip().lower() for name in text.split(",")]
    if unknown := [name for name in names if name not in PEERS]:
        text = f"unknown peer {unknown[0]!r}: there are {', '.join(PEERS)}"
        raise argparse.ArgumentTypeError(text)
    return names


def _counts(text: str) -> tuple[int, ...]:
    counts = tuple(int(part) for part in text.split(","))
    if min(counts) < 1:
        raise argparse.ArgumentTypeError("at least one program is needed")
    return counts


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")


def _show(text: str) -> None:
    if text:
        sys.stdout.write(text + "\n\n")


if __name__ == "__main__":
    sys.exit(main())
