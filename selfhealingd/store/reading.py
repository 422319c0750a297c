"""Read a journal, from its beginning or from its end, while it may be written."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import msgspec

from selfhealingd.store.errors import cannot
from selfhealingd.store.journal import rotated

Record: TypeAlias = dict[str, Any]

BLOCK = 64 * 1024
_decoder = msgspec.json.Decoder(Record)


class Reading:
    """Iterate over a journal's records, all its files taken as one; blocks.

    ``newest_first`` reads backwards, and no more than is asked for. ``skipped`` counts
    the lines so far that are no JSON object. Raises StoreError while iterating; a
    journal that does not exist is empty.
    """

    def __init__(
        self, path: Path, *, newest_first: bool = False, block: int = BLOCK
    ) -> None:
        self.path = path
        self.skipped = 0
        self._newest_first = newest_first
        self._block = block

    def __iter__(self) -> Iterator[Record]:
        try:
            with ExitStack() as stack:
                files = _open_all(self.path, stack)
                for file in files if self._newest_first else reversed(files):
                    yield from self._records(file)
        except OSError as error:
            raise cannot("read", self.path, error) from error

    def _records(self, file: BinaryIO) -> Iterator[Record]:
        lines = backwards(file, self._block) if self._newest_first else iter(file)
        for line in lines:
            if not line.strip():
                continue
            try:
                yield _decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self.skipped += 1


def tail(
    path: Path, number: int, predicate: Callable[[Record], bool] = lambda _: True
) -> tuple[list[Record], int]:
    """Return the last ``number`` records that satisfy ``predicate``, oldest first.

    The second value is the number of lines skipped on the way. Raises StoreError.
    """
    reading = Reading(path, newest_first=True)
    found: list[Record] = []
    if number > 0:
        for record in reading:
            if predicate(record):
                found.append(record)
                if len(found) == number:
                    break
    return found[::-1], reading.skipped


def backwards(file: BinaryIO, block: int = BLOCK) -> Iterator[bytes]:
    """Give a file's lines from the last to the first, without their ends."""
    position = file.seek(0, os.SEEK_END)
    pieces: list[bytes] = []  # of the line that began further to the front
    while position > 0:
        length = min(block, position)
        position -= length
        file.seek(position)
        first, *others = file.read(length).split(b"\n")
        if others:
            yield b"".join([others.pop(), *reversed(pieces)])
            yield from reversed(others)
            pieces.clear()
        pieces.append(first)
    if pieces:
        yield b"".join(reversed(pieces))


def _open_all(path: Path, stack: ExitStack) -> list[BinaryIO]:
    """Open the files, newest first.

    In this order a rotation meanwhile can only show a file twice, which is noticed;
    in the other one it could hide one.
    """
    files: list[BinaryIO] = []
    seen: list[os.stat_result] = []
    for number in range(_oldest(path) + 2):
        try:
            file = stack.enter_context(rotated(path, number).open("rb"))
        except FileNotFoundError:
            continue  # a crash or a rotation under way can leave a gap
        status = os.fstat(file.fileno())
        if not any(os.path.samestat(status, other) for other in seen):
            seen.append(status)
            files.append(file)
    return files


def _oldest(path: Path) -> int:
    """Return the highest number of a rotated file, 0 when there is none."""
    if not path.parent.is_dir():
        return 0
    beginning = f"{path.name}."
    ends = (
        entry.name.removeprefix(beginning)
        for entry in path.parent.iterdir()
        if entry.name.startswith(beginning)
    )
    return max((int(end) for end in ends if end.isdecimal()), default=0)
