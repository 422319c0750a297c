"""Evidence of incidents: a file each in one folder, the oldest of too many removed."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from selfhealingd.clock import utc_now
from selfhealingd.store import atomic
from selfhealingd.store.errors import StoreError, cannot

KEEP = 200
MAX_BYTES = 8 * 1024 * 1024
MAX_AGE = 30 * 86400.0

RESERVE = 1024 * 1024
"""Bytes of the file system that are left alone; of a small one, a twentieth."""

SUFFIX = ".json"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept: so many files, bytes of all together, seconds."""

    files: int = KEEP
    size: int = MAX_BYTES
    age: float = MAX_AGE


class _Kept(NamedTuple):
    at: float
    size: int


class EvidenceStore:
    """All blocking; ``write`` is for one thread at a time, and makes the folder."""

    def __init__(self, folder: Path, bounds: Bounds | None = None) -> None:
        self.folder = folder
        self._bounds = bounds or Bounds()
        self._kept: dict[str, _Kept] | None = None

    def write(self, incident: str, data: bytes) -> None:
        """Keep an incident's evidence; what is too much or too old goes first.

        Raises StoreError.
        """
        path = self._path(incident)
        if path is None:
            raise ValueError(f"not an incident's name: {incident!r}")
        atomic.make_folder(self.folder)
        now = utc_now().timestamp()
        try:
            if self._kept is None:
                atomic.remove_stale(self.folder)
                self._kept = _look(self.folder)
            self._kept.pop(path.name, None)
            self._prune(self._kept, _Kept(now, len(data)))
        except OSError as error:
            raise cannot("prune", self.folder, error) from error
        if not _has_room(self.folder, len(data)):
            words = (
                "no space is left on its file system but what state and journal need"
            )
            raise StoreError(f"cannot write {path}: {words}; free some")
        atomic.write(path, data)
        self._kept[path.name] = _Kept(now, len(data))

    def read(self, incident: str) -> bytes | None:
        """Return an incident's evidence, None if there is none. Raises StoreError."""
        path = self._path(incident)
        if path is None:
            return None
        try:
            return _read(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot("read", path, error) from error

    def incidents(self) -> tuple[str, ...]:
        """Return of which incidents there is something. Raises StoreError."""
        try:
            return tuple(
                sorted(name.removesuffix(SUFFIX) for name in _look(self.folder))
            )
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise cannot("read", self.folder, error) from error

    def rewrite(self, incident: str, data: bytes) -> None:
        """Put that in the place of what is kept, which stays as old as it is.

        Raises StoreError.
        """
        path = self._path(incident)
        if path is None:
            return
        try:
            before = path.stat()
            atomic.write(path, data)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        except OSError as error:
            raise cannot("write", path, error) from error

    def _prune(self, kept: dict[str, _Kept], new: _Kept) -> None:
        """Remove the oldest until the bounds hold for what is kept and what is new.

        What somebody else has removed counts until it would have its turn.
        """
        bounds = self._bounds
        total = new.size + sum(one.size for one in kept.values())
        for name, one in sorted(kept.items(), key=lambda item: item[1].at):
            enough = len(kept) < bounds.files and total <= bounds.size
            # A wall clock that jumps ahead costs us old ones at most.
            if enough and one.at >= new.at - bounds.age:
                break
            (self.folder / name).unlink(missing_ok=True)
            del kept[name]
            total -= one.size

    def _path(self, incident: str) -> Path | None:
        """Nothing that a client names may lead out of the folder."""
        if _NAME.fullmatch(incident) is None:
            return None
        return self.folder / f"{incident}{SUFFIX}"


def _read(path: Path) -> bytes:
    """Read a file. What somebody else put there, such as a FIFO, is not waited for."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise StoreError(f"cannot read {path}: it is not a file")
        with os.fdopen(fd, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(fd)


def _has_room(folder: Path, size: int) -> bool:
    """Whether that much may be taken: what is left is the state's first."""
    found = os.statvfs(folder)
    reserve = min(found.f_blocks * found.f_frsize // 20, RESERVE)
    return found.f_bavail * found.f_frsize >= size + reserve


def _look(folder: Path) -> dict[str, _Kept]:
    found = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIX):
                status = entry.stat(follow_symlinks=False)
                found[entry.name] = _Kept(status.st_mtime, status.st_size)
    return found
