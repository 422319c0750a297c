"""One daemon at a time: a lock on a file, held for as long as the process lives."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from selfhealingd.store.errors import cannot

_LONGEST_PID = 32


class Held(Exception):
    """Another process holds the lock. ``pid`` is None when it did not say who it is.

    ``deleted``: it holds the file that was there before.
    """

    def __init__(self, path: Path, pid: int | None, *, deleted: bool = False) -> None:
        super().__init__(path, pid)
        self.path = path
        self.pid = pid
        self.deleted = deleted

    def __str__(self) -> str:
        if self.deleted:
            return (
                f"cannot use {self.path.parent}: process {self.pid}, another"
                " selfhealingd, lost it to whoever deleted it, and looks after its"
                f" programs still; end it: kill {self.pid}"
            )
        who = f"process {self.pid}" if self.pid else "another process"
        return (
            f"cannot lock {self.path}: {who} holds it, another selfhealingd on this"
            " state; see how it is: selfhealctl health; end it: selfhealctl shutdown;"
            f" or, where it does not answer: {self._kill} (programs run on)"
        )

    @property
    def _kill(self) -> str:
        if self.pid:
            return f"kill -9 {self.pid}"
        return f"kill -9 of what this names: fuser {self.path}"


class Lock:
    """A lock that is held. The kernel releases it with the process, however it ends.

    The file stays when the lock goes: to remove it would let two others in, one with
    the old file and one with a new one.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor

    @property
    def descriptor(self) -> int:
        """What holds it, for a successor; only while it is held."""
        if self._descriptor is None:
            raise ValueError("the lock was released")
        return self._descriptor

    @property
    def in_place(self) -> bool:
        """Whether the file that we hold is still the one that is there."""
        try:
            return os.path.samestat(self.path.stat(), os.fstat(self.descriptor))
        except FileNotFoundError:
            return False

    def renew(self) -> None:
        """Lock the file that is there now. Raises Held or StoreError."""
        other = hold(self.path)
        self.release()
        self._descriptor = other.descriptor

    def release(self) -> None:
        """Let others in; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def take_over(path: Path, descriptor: int) -> Lock | None:
    """Return a lock on ``path`` that we have held since before an exec; None if not.

    A descriptor of anything else is closed.
    """
    try:
        if os.path.samestat(path.stat(), os.fstat(descriptor)):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return Lock(path, descriptor)
        os.close(descriptor)
    except OSError:
        return None  # it is not there, or not ours: as at any other start
    return None


def hold(path: Path) -> Lock:
    """Lock ``path``, which is made if it is missing, and write our pid into it.

    Never waits. Raises Held when somebody else has it, StoreError when the file cannot
    be made or locked at all.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise cannot("lock", path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError:
        holder = _holder(descriptor)
        os.close(descriptor)
        raise Held(path, holder) from None
    except OSError as error:
        os.close(descriptor)
        raise cannot("lock", path, error) from error
    return Lock(path, descriptor)


def _holder(descriptor: int) -> int | None:
    written = os.pread(descriptor, _LONGEST_PID, 0).strip()
    if not written.isdigit():
        return None
    pid = int(written)
    # A holder that has only just come may not have replaced its predecessor's pid.
    return pid if Path(f"/proc/{pid}").exists() else None
