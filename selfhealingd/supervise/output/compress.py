"""Compress older logs, one at a time, so that a crash at any moment loses nothing.

The compressed one appears under its name when it is whole and on disk; only then does
the plain one go. The newest older one stays plain: who reads the log, or has it open,
is most likely still there.
"""

import gzip
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from selfhealingd.supervise.output.rotation import GZ, older

_CHUNK = 256 * 1024
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Compressed:
    """A whole compressed copy beside the log, of the file with this inode."""

    partial: Path
    inode: int


def compress_one(path: Path, stop: Callable[[], bool]) -> Compressed | None:
    """Compress the oldest plain one of a log's older ones; blocking.

    Returns None if there is none, or if ``stop`` said so. What it returns must be
    settled, or the copy is in vain. Raises OSError.
    """
    partial = path.with_name(path.name + GZ + ".partial")
    while (source := _oldest_plain(path)) is not None:
        inode = None
        try:
            inode = _copied(source, partial, stop)
        except FileNotFoundError:
            continue  # it was renamed in this moment
        finally:
            if inode is None:
                partial.unlink(missing_ok=True)
        return None if inode is None else Compressed(partial, inode)
    return None


def settle(path: Path, done: Compressed) -> None:
    """Put the compressed one in the plain one's place, wherever that is by now.

    For the one who rotates, as no rotation may come between. Raises OSError.
    """
    for _, names in older(path):
        plain = path.with_name(names[0])
        if names[0].endswith(GZ) or plain.lstat().st_ino != done.inode:
            continue
        done.partial.rename(path.with_name(names[0] + GZ))
        plain.unlink()
        return
    done.partial.unlink(missing_ok=True)  # the log was rotated out meanwhile


def _oldest_plain(path: Path) -> Path | None:
    plain = [
        names[0]
        for number, names in older(path)
        if number > 1 and not names[0].endswith(GZ)
    ]
    return path.with_name(plain[-1]) if plain else None


def _copied(source: Path, partial: Path, stop: Callable[[], bool]) -> int | None:
    with source.open("rb") as plain:
        found = os.fstat(plain.fileno())
        mode = stat.S_IMODE(found.st_mode)
        # What a crash left of an earlier copy may be a link set by somebody else.
        partial.unlink(missing_ok=True)
        fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(fd, "wb") as file:
            with gzip.GzipFile(
                "", "wb", _LEVEL, fileobj=file, mtime=found.st_mtime
            ) as packed:
                while chunk := plain.read(_CHUNK):
                    if stop():
                        return None
                    packed.write(chunk)
            file.flush()
            os.fsync(fd)
        os.utime(partial, ns=(found.st_atime_ns, found.st_mtime_ns))
    return found.st_ino
