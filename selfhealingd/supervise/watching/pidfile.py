"""A process by the number that stands in a file.

The file may outlive its process, and the number be another's by then. So it is
believed only if whoever could write it may speak for that process; not if the process
began after it was written; and not once the process that it named was seen to end,
until it is written again.
"""

import os
from pathlib import Path

import trio

from selfhealingd.clock import utc_now
from selfhealingd.supervise.identity import Identity, age, read_stat, real_uid
from selfhealingd.supervise.watching.sight import Down, Sight, Up

LOOK_SECS = 1.0
"""From one look at a file to the next, while it leads to nobody."""

_SLACK_SECS = 5.0  # mtime and start are told by different clocks
_ENOUGH = 64
_HIGHEST = 2**22  # the kernel's PID_MAX_LIMIT


class PidfileEye:
    """Looks into one pidfile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ended: tuple[Identity, tuple[int, int]] | None = None
        self._version = (0, 0)

    async def look(self) -> Sight:
        """Say whose number it is."""
        return await trio.to_thread.run_sync(self._look, abandon_on_cancel=True)

    async def news(self) -> None:
        """Wait a moment."""
        await trio.sleep(LOOK_SECS)

    def died(self, identity: Identity) -> None:
        """Believe what the file says no more until it is written again."""
        self._ended = identity, self._version

    def _look(self) -> Sight:
        try:
            fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return Down(f"there is no {self._path}")
        except OSError as error:
            return Down(f"cannot read {self._path}: {error.strerror}")
        try:
            status = os.fstat(fd)
            words = os.read(fd, _ENOUGH).split()
        except OSError as error:
            return Down(f"cannot read {self._path}: {error.strerror}")
        finally:
            os.close(fd)
        self._version = status.st_ino, status.st_mtime_ns
        if words == [b"1"]:
            return Down(f"{self._path} names 1, which is init's: nobody to watch")
        if not words or not words[0].isdigit() or not 1 < int(words[0]) <= _HIGHEST:
            return Down(f"there is no pid in {self._path}")
        return self._judge(int(words[0]), status)

    def _judge(self, pid: int, status: os.stat_result) -> Sight:
        stat = read_stat(pid)
        if stat is None or stat.gone or pid == os.getpid():
            return Down(f"{self._path} names {pid}, and there is no such process")
        if self._ended == (stat.identity, self._version):
            return Down(f"{self._path} names {pid}, which has ended")
        if self._ended is not None and self._ended[1] == self._version:
            return Down(f"{self._path} still names {pid}, which is another's by now")
        written = utc_now().timestamp() - status.st_mtime
        if age(stat.identity) < written - _SLACK_SECS:
            return Down(f"{self._path} is older than the process {pid} that it names")
        if status.st_uid not in {0, os.geteuid(), real_uid(pid)}:
            return Down(
                f"{self._path} belongs to uid {status.st_uid}, who may not speak for"
                f" process {pid}"
            )
        return Up(stat.identity)
