"""What is measured of a peer, and in which order."""

import math
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks import processes
from benchmarks.crashes import Crashes, crash
from benchmarks.outcome import GIB, Outcome, Plan
from benchmarks.peer import Pace, Peer
from benchmarks.program import Program, Report, monotonic_ns
from benchmarks.trial import START_SECS, Failed, Trial, trial

SETTLE_SECS = 3.0
STATUS_RUNS = 5
DRAIN_SECS = 60.0
LOOK_SECS = 0.002
MIB = 1 << 20
MB = 1e6
CHATTY = "chatty"


def measure(
    peer: Peer, program: Program, plan: Plan, tell: Callable[[str], None]
) -> Outcome:
    """Take all figures of a peer; what fails is noted, and the rest goes on."""
    outcome = Outcome(peer.name, peer.version)
    for count in plan.programs:
        tell(f"{peer.name}: {count} programs")
        names = [f"p{number:04}" for number in range(count)]
        with _noting(outcome, f"{count} programs"), trial(peer, program, names) as one:
            _keeping(outcome, one, plan, peer.pace)
    if not peer.keeps_output:
        outcome.notes.append("output: it does not take its programs' output")
    elif not program.compiled:
        outcome.notes.append("output: there is no C compiler for the chatty program")
    else:
        tell(f"{peer.name}: output")
        much = (plan.output_secs, plan.output_bytes)
        with (
            _noting(outcome, "output"),
            trial(peer, program, [CHATTY], chatter=much) as one,
        ):
            _output(outcome, one, plan)
    return outcome


@contextmanager
def _noting(outcome: Outcome, what: str) -> Iterator[None]:
    try:
        yield
    except Failed as error:
        outcome.notes.append(f"{what}: {error}")


def _keeping(outcome: Outcome, one: Trial, plan: Plan, pace: Pace) -> None:
    count = len(one.setting.arguments)
    outcome.put("start_s", count, one.start())
    one.settle(SETTLE_SECS)
    supervisors = one.supervisors()
    outcome.put("idle_cpu_percent", count, _idle(supervisors, plan.idle_secs))
    outcome.put("pss_mib", count, processes.pss_bytes(supervisors) / MIB)
    with _noting(outcome, f"{count} programs"):
        times = [one.status() * 1000 for _ in range(STATUS_RUNS)]
        outcome.put("status_ms", count, statistics.median(times))
        outcome.put_samples("status_ms", count, times)
    _restarts(outcome, one, crash(one, plan.crashes, pace))


def _idle(pids: set[int], seconds: float) -> float:
    """Return the CPU use of processes while nothing happens, in % of one core."""
    before = processes.cpu_seconds(pids)
    begun = time.monotonic()
    time.sleep(seconds)
    return 100 * _used(before, pids) / (time.monotonic() - begun)


def _used(before: dict[int, float], pids: set[int]) -> float:
    after = processes.cpu_seconds(pids)
    return sum(after[pid] - before.get(pid, 0.0) for pid in after)


def _restarts(outcome: Outcome, one: Trial, seen: Crashes) -> None:
    count = len(one.setting.arguments)
    if seen.lost:
        outcome.notes.append(
            f"{count} programs: {seen.lost} crashes were not healed in time"
        )
    if seen.unasked:
        text = f"{count} programs: {seen.unasked} started that had not been killed"
        outcome.notes.append(text)
    if seen.times:
        outcome.put("restart_p50_ms", count, statistics.median(seen.times))
        outcome.put("restart_p95_ms", count, nearest_rank(seen.times, 0.95))
        outcome.put_samples("restart_ms", count, seen.times)


def nearest_rank(values: list[float], share: float) -> float:
    """Return the smallest value that at least this share of all does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _output(outcome: Outcome, one: Trial, plan: Plan) -> None:
    one.start()
    one.settle(SETTLE_SECS)
    supervisors = one.supervisors()
    before = processes.cpu_seconds(supervisors)
    begun = monotonic_ns()
    one.signal(CHATTY, signal.SIGUSR1)
    written = _finished(one, plan.output_secs + START_SECS).written
    ended = _drained(one, written)
    used = _used(before, supervisors)
    outcome.put("output_mb_per_s", 1, written / MB / ((ended - begun) / 1e9))
    outcome.put("output_cpu_s_per_gib", 1, used / (written / GIB))


def _finished(one: Trial, seconds: float) -> Report:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        for report in one.reports.take(left):
            if report.written < 0:
                raise Failed("the chatty program could not write")
            if report.written == 0:
                raise Failed("the chatty program was started anew")
            return report
    raise Failed(f"the chatty program was still writing after {seconds:.0f} s")


def _drained(one: Trial, written: int) -> int:
    """Return the moment when all that was written is in the log; raises Failed."""
    deadline = time.monotonic() + DRAIN_SECS
    while (logged := one.logged_bytes()) < written:
        if time.monotonic() > deadline:
            raise Failed(f"only {logged} of {written} bytes reached the log")
        time.sleep(LOOK_SECS)
    if logged > written:
        raise Failed(f"the log has {logged} bytes where {written} were written")
    return monotonic_ns()
