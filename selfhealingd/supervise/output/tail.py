"""The end of a log, read backwards over its older ones; blocking, for a thread.

Which files belong to it is settled by opening them all, from the newest on: if the
newest is still the newest after that, no rotation came between.
"""

import gzip
import os
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from selfhealingd.supervise.output.errors import worded
from selfhealingd.supervise.output.rotation import GZ, older

MOST = 512 * 1024
READ_ERRORS = (OSError, EOFError, zlib.error)
"""What reading a log may raise; the last two come of damaged compressed ones."""
_BLOCK = 64 * 1024
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Position:
    """How far a log has been read: so many bytes of the file with this inode."""

    inode: int
    offset: int


START = Position(0, 0)


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a log, and where what comes after it begins.

    ``cut``: of what was asked for, older bytes were left out as being too many.
    """

    data: bytes
    position: Position
    cut: bool = False


def tail(
    path: Path,
    *,
    lines: int | None = None,
    most: int = MOST,
    until: int | None = None,
) -> Tail:
    """Return the last ``lines`` lines of a log, or all, of at most ``most`` bytes.

    With ``lines``, it begins at the start of a line, unless one alone is longer than
    ``most``. A line that has not ended yet counts. A log that is not there is empty.
    ``until``: what lies behind this offset of the newest file doesn't count. Raises
    OutputError.
    """
    try:
        with ExitStack() as files:
            newest, shelf = _opened(path, files)
            found = os.fstat(newest.fileno()) if newest else None
            position = START
            if found:
                size = found.st_size if until is None else min(found.st_size, until)
                position = Position(found.st_ino, size)
            read, full = _gathered(newest, position.offset, shelf, lines, most)
    except READ_ERRORS as error:
        raise worded(f"read log {str(path)!r}", error) from error
    if lines is None:
        return Tail(_last(read, most), position)
    wanted = _split(read)[-lines:] if lines else []
    cut = sum(map(len, wanted)) > most or (full and len(wanted) < lines)
    return Tail(_last_lines(wanted, most), position, cut)


def _opened(
    path: Path, files: ExitStack
) -> tuple[BinaryIO | None, list[tuple[Path, BinaryIO]]]:
    for _ in range(_TRIES):
        newest = _open(path, files)
        shelf = []
        for _, names in older(path):
            file = _open(path.with_name(names[0]), files)
            if file is None:
                break  # renamed in this moment
            shelf.append((path.with_name(names[0]), file))
        else:
            if _is_still(path, newest):
                return newest, shelf
        files.close()
    return _open(path, files), []  # it is rotated all the time: the newest must do


def _open(path: Path, files: ExitStack) -> BinaryIO | None:
    with suppress(FileNotFoundError):
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        return files.enter_context(os.fdopen(fd, "rb", buffering=0))
    return None


def _is_still(path: Path, file: BinaryIO | None) -> bool:
    try:
        inode = path.stat().st_ino
    except FileNotFoundError:
        return file is None
    return file is not None and inode == os.fstat(file.fileno()).st_ino


def _gathered(
    newest: BinaryIO | None,
    size: int,
    shelf: list[tuple[Path, BinaryIO]],
    lines: int | None,
    most: int,
) -> tuple[bytes, bool]:
    """Return what holds the bytes or lines, and whether it is more than ``most``."""
    blocks: deque[bytes] = deque()
    length = found = 0
    for block, whole in _backwards(newest, size, shelf, most + 1):
        if not blocks and not block.endswith(b"\n"):
            found += 1  # a line that has not ended
        blocks.appendleft(block)
        length += len(block)
        found += block.count(b"\n")
        # A file begins with a line; of another block, the first may not be whole.
        enough = lines is not None and found - (not whole) >= lines
        if length > most or enough:
            break
    return b"".join(blocks), length > most


def _backwards(
    newest: BinaryIO | None, size: int, shelf: list[tuple[Path, BinaryIO]], most: int
) -> Iterator[tuple[bytes, bool]]:
    """Return blocks that are not empty, and whether each is the first of its file."""
    if newest:
        yield from _blocks(newest.fileno(), size)
    for path, file in shelf:
        if not path.name.endswith(GZ):
            yield from _blocks(file.fileno(), os.fstat(file.fileno()).st_size)
        elif data := _unpacked(file, most):
            yield data, len(data) < most


def _blocks(fd: int, end: int) -> Iterator[tuple[bytes, bool]]:
    while end > 0:
        start = max(end - _BLOCK, 0)
        block = os.pread(fd, end - start, start)
        if not block:
            return  # truncated in this moment
        yield block, start == 0
        end = start


def _unpacked(file: BinaryIO, most: int) -> bytes:
    last = b""
    with gzip.GzipFile(fileobj=file) as packed:
        while chunk := packed.read(max(most, _BLOCK)):
            last = _last(last + chunk, most)
    return last


def _last(data: bytes, most: int) -> bytes:
    return data[-most:] if most else b""


def _last_lines(lines: list[bytes], most: int) -> bytes:
    chosen: deque[bytes] = deque()
    room = most
    for line in reversed(lines):
        if len(line) > room:
            break
        chosen.appendleft(line)
        room -= len(line)
    if lines and not chosen:
        return _last(lines[-1], most)
    return b"".join(chosen)


def _split(data: bytes) -> list[bytes]:
    *whole, rest = data.split(b"\n")
    return [line + b"\n" for line in whole] + ([rest] if rest else [])
