"""What happened, one JSON object a line: appended, rotated, never rewritten.

The newest file is ``journal.jsonl``, then come ``.1``, ``.2`` and so on. What the
records mean is their writer's business; ``reading`` reads them.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from selfhealingd.store.atomic import sync_folder
from selfhealingd.store.errors import cannot

MAX_BYTES = 10 * 1024 * 1024
KEEP = 5


def rotated(path: Path, number: int) -> Path:
    """Name the file that was rotated ``number`` times; 0 is the one in use."""
    return path.with_name(f"{path.name}.{number}") if number else path


class Journal:
    """The writing end: for one process (see ``lock``) and one thread at a time.

    ``max_bytes``: a file is rotated before it would grow over this size. ``keep``: so
    many rotated files, at least 1. ``opening``: gives lines that every new file begins
    with, the first one too, so that each can be read without those before; called in
    the thread that appends.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int = MAX_BYTES,
        keep: int = KEEP,
        opening: Callable[[], Sequence[bytes]] = tuple,
    ) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._keep = max(keep, 1)
        self._opening = opening
        self._descriptor: int | None = None

    def append(self, lines: Sequence[bytes], *, sync: bool = False) -> None:
        """Add records, without their line ends, in one write; blocks.

        With ``sync`` they are safely on disk when this returns. Raises StoreError; then
        none of them was added, unless even taking back a part of them failed.
        """
        if not lines:
            return
        if any(b"\n" in line for line in lines):
            raise ValueError("a record is one line")
        try:
            self._append(b"\n".join(lines) + b"\n", sync=sync)
        except OSError as error:
            self.close()
            raise cannot("write", self.path, error) from error

    def close(self) -> None:
        """Close the file; the next append opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _append(self, data: bytes, *, sync: bool) -> None:
        descriptor = self._open()
        size = os.fstat(descriptor).st_size
        if size and size + len(data) > self._max_bytes:
            self._rotate(descriptor)
            descriptor = self._open()
            size = os.fstat(descriptor).st_size
        if not size:
            data = b"".join(line + b"\n" for line in self._opening()) + data
        elif os.pread(descriptor, 1, size - 1) != b"\n":
            # A crash tore the last line: it ends here, and readers skip it.
            data = b"\n" + data
        try:
            _write_all(descriptor, data)
            if sync:
                os.fsync(descriptor)
                if not size:
                    sync_folder(self.path.parent)
        except OSError:
            # Half a batch would be there twice once the caller tries again.
            os.ftruncate(descriptor, size)
            raise

    def _open(self) -> int:
        """Return the file's descriptor; a file that was moved away is made anew."""
        if self._descriptor is not None and not _is_at(self._descriptor, self.path):
            self.close()
        if self._descriptor is None:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(self.path, flags, 0o600)
        return self._descriptor

    def _rotate(self, descriptor: int) -> None:
        os.fsync(descriptor)
        self.close()
        # Where a crash left a gap, files beyond it need not move, nor the last be lost.
        numbers = range(1, self._keep + 1)
        free = next((n for n in numbers if not rotated(self.path, n).exists()), None)
        for number in range((free or self._keep) - 1, -1, -1):
            rotated(self.path, number).replace(rotated(self.path, number + 1))


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
