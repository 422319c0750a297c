"""Evidence of incidents: a file each in one folder, the oldest of too many removed."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from selfhealingd.clock import utc_now
from selfhealingd.store import atomic
from selfhealingd.store.errors import cannot

KEEP = 200
MAX_BYTES = 8 * 1024 * 1024
MAX_AGE = 30 * 86400.0

SUFFIX = ".json"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept: so many files, bytes of all together, seconds."""

    files: int = KEEP
    size: int = MAX_BYTES
    age: float = MAX_AGE


class EvidenceStore:
    """All blocking, for one thread at a time; the folder is made when it is needed."""

    def __init__(self, folder: Path, bounds: Bounds | None = None) -> None:
        self.folder = folder
        self._bounds = bounds or Bounds()
        self._swept = False

    def write(self, incident: str, data: bytes) -> None:
        """Keep an incident's evidence; what is too much or too old goes first.

        Raises StoreError.
        """
        path = self._path(incident)
        if path is None:
            raise ValueError(f"not an incident's name: {incident!r}")
        atomic.make_folder(self.folder)
        if not self._swept:
            atomic.remove_stale(self.folder)
            self._swept = True
        self.prune(room=len(data))
        atomic.write(path, data)

    def read(self, incident: str) -> bytes | None:
        """Return an incident's evidence, None if there is none. Raises StoreError."""
        path = self._path(incident)
        if path is None:
            return None
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot("read", path, error) from error

    def prune(self, room: int = 0) -> int:
        """Remove the oldest files until the bounds hold with ``room`` bytes more.

        Returns how many went. Raises StoreError.
        """
        try:
            return self._prune(room)
        except OSError as error:
            raise cannot("prune", self.folder, error) from error

    def _prune(self, room: int) -> int:
        bounds = self._bounds
        found = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIX):
                    status = entry.stat(follow_symlinks=False)
                    found.append((status.st_mtime, entry.path, status.st_size))
        found.sort()
        left = len(found)
        total = sum(size for _, _, size in found) + room
        # As the files' own: a clock that jumps ahead costs us old ones at most.
        oldest = utc_now().timestamp() - bounds.age
        for changed, path, size in found:
            enough = left + (room > 0) <= bounds.files and total <= bounds.size
            if enough and changed >= oldest:
                break
            Path(path).unlink(missing_ok=True)
            left -= 1
            total -= size
        return len(found) - left

    def _path(self, incident: str) -> Path | None:
        """Nothing that a client names may lead out of the folder."""
        if _NAME.fullmatch(incident) is None:
            return None
        return self.folder / f"{incident}{SUFFIX}"
