"""One supervisor with its programs, in a folder of its own, for a few measurements."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import processes
from benchmarks.peer import Launch, Peer, Setting
from benchmarks.program import Program, Reports, monotonic_ns

START_SECS = 60.0
STATUS_SECS = 60.0

DROPPED = ("SELFHEAL", "DEBUG", "PYTEST_", "COV_", "PM2_", "SUPERVISOR_")


class Failed(Exception):
    """A measurement that could not be taken; the text says why."""


class Trial:
    """A supervisor that is about to be started, or runs."""

    def __init__(self, setting: Setting, launch: Launch, reports: Reports) -> None:
        self.setting = setting
        self.reports = reports
        self._launch = launch
        self._output = setting.folder / "output"
        self._before = _size(setting.logs)  # svlogd has its configuration there
        home = {"HOME": str(setting.folder), "PWD": str(setting.folder)}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(DROPPED)}
        self._environ = {**kept, **home, **launch.environ}

    def start(self) -> float:
        """Start it; return the seconds until the last program ran. Raises Failed."""
        awaited = set(self.setting.arguments)
        last = begun = monotonic_ns()
        with self._output.open("wb") as output:
            supervisor = subprocess.Popen(
                self._launch.command,
                cwd=self.setting.folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + START_SECS
        while awaited:
            seconds = min(1.0, deadline - time.monotonic())
            if seconds <= 0 or supervisor.poll():
                up = len(self.setting.arguments) - len(awaited)
                raise Failed(self._not_up(up, supervisor.returncode))
            for report in self.reports.take(seconds):
                awaited.discard(report.name)
                last = max(last, report.at)
        return (last - begun) / 1e9

    def settle(self, seconds: float) -> None:
        """Let it come to rest, however long its starting takes to be over."""
        time.sleep(seconds)

    def supervisors(self) -> set[int]:
        """Return the supervisor's own processes: all but the programs."""
        return processes.descendants() - set(self.reports.pids.values())

    def status(self) -> float:
        """Run the status command; return its seconds. Raises Failed."""
        begun = time.perf_counter()
        try:
            said = subprocess.check_output(
                self._launch.status,
                cwd=self.setting.folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stderr=subprocess.STDOUT,
                timeout=STATUS_SECS,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise Failed(f"cannot show status: {error}") from error
        seconds = time.perf_counter() - begun
        last = list(self.setting.arguments)[-1]
        if last not in said.decode(errors="replace"):
            raise Failed(f"cannot trust status: it does not mention {last}")
        return seconds

    def logged_bytes(self) -> int:
        """Return how much of the programs' output is in log files."""
        return _size(self.setting.logs) - self._before

    def signal(self, name: str, signo: int) -> None:
        """Signal a program; raises Failed when it isn't there."""
        try:
            os.kill(self.reports.pids[name], signo)
        except ProcessLookupError as error:
            raise Failed(f"{name} had ended, and nothing started it anew") from error

    def kill(self, name: str) -> int:
        """Kill a program; return the moment before (monotonic ns). Raises Failed."""
        killed = monotonic_ns()
        self.signal(name, signal.SIGKILL)
        processes.reap_if_child(self.reports.pids[name])
        return killed

    def _not_up(self, up: int, returncode: int | None) -> str:
        said = self._output.read_text(errors="replace").strip().splitlines()[-3:]
        how = f"after {START_SECS:.0f} s"
        if returncode:
            how = f"when it ended with status {returncode}"
        of = len(self.setting.arguments)
        return "; ".join([f"only {up} of {of} programs ran {how}", *said])


def _size(folder: Path) -> int:
    files = (file for file in folder.rglob("*") if file.is_file())
    return sum(file.stat().st_size for file in files)


@contextmanager
def trial(
    peer: Peer,
    program: Program,
    names: Sequence[str],
    *,
    chatter: tuple[int, int] | None = None,
) -> Iterator[Trial]:
    """Give a trial that is not started yet, and leave nothing of it behind.

    With ``chatter``, seconds and bytes, the programs write until either is reached, and
    what they write is logged.
    """
    folder = Path(tempfile.mkdtemp(prefix="bench-")).resolve()
    try:
        (folder / "logs").mkdir()
        with Reports(folder / "reports") as reports:
            more = [str(number) for number in chatter or ()]
            arguments = {
                name: ",".join([str(reports.path), name, *more]) for name in names
            }
            setting = Setting(folder, program.path, arguments, logged=bool(chatter))
            yield Trial(setting, peer.prepare(setting), reports)
    finally:
        processes.end_descendants()
        shutil.rmtree(folder)
