"""Each new byte of a log once, in order, over rotations: ``tail -f``."""

import gzip
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self

import trio

from selfhealingd.supervise.descriptors import DESCRIPTORS
from selfhealingd.supervise.output.errors import worded
from selfhealingd.supervise.output.rotation import GZ, older
from selfhealingd.supervise.output.tail import READ_ERRORS, START, Position

_CHUNK = 64 * 1024
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class Follower:
    """An async iterator of what is added to a log; one task may use it.

    It reads when it is told that there is something, and never polls. Who is so slow
    that what he has not read is rotated out goes on with the newest file; ``missed``
    counts how often that may have been so.
    """

    def __init__(
        self,
        path: Path,
        since: Position | None = None,
        limiter: trio.CapacityLimiter | None = None,
    ) -> None:
        """Begin where a ``tail`` ended; None: at the end that the log has now.

        ``limiter``: for the threads in which it reads.
        """
        self.missed = 0
        self._path = path
        self._limiter = limiter
        self._source: _Source | None = None
        self._news = trio.Event()
        self._since = since
        self._reading = threading.Lock()
        self._closed = False

    def wake(self) -> None:
        """Say that there may be something new; from the loop."""
        self._news.set()

    def close(self) -> None:
        """Close the file that is being read; a read that hangs closes it later."""
        self._closed = True
        if self._reading.acquire(blocking=False):
            try:
                self._switch(None)
            finally:
                self._reading.release()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Return some new bytes. Raises OutputError."""
        while True:
            self._news = trio.Event()
            data = await trio.to_thread.run_sync(
                self._read, abandon_on_cancel=True, limiter=self._limiter
            )
            if data:
                return data
            await self._news.wait()

    def _read(self) -> bytes:
        try:
            with self._reading:
                return self._next_bytes()
        finally:
            if self._closed:
                self.close()

    def _next_bytes(self) -> bytes:
        try:
            while self._begun():
                if data := self._source_bytes():
                    return data
                following, missed = self._following()
                # What came just before the rotation is read before going on.
                if following is None or (data := self._source_bytes()):
                    return data
                if (source := _open(following, 0)) is not None:
                    self._switch(source)
                    self.missed += missed
        except READ_ERRORS as error:
            raise worded(f"read log {str(self._path)!r}", error) from error
        return b""

    def _source_bytes(self) -> bytes:
        return b"" if self._source is None else self._source.read()

    def _switch(self, source: "_Source | None") -> None:
        if self._source is not None:
            self._source.close()
        self._source = source

    def _begun(self) -> bool:
        if self._source is not None:
            return True
        files = self._files()
        if not files:
            self._since = self._since or START
            return False
        if self._since is None:
            newest = files[0]
            self._switch(_open(newest[1], newest[2]))
        elif self._since == START:
            self._switch(_open(files[-1][1], 0))
        else:
            self._switch(self._resumed(self._since, files))
        return self._source is not None

    def _resumed(
        self, since: Position, files: list[tuple[int, Path, int]]
    ) -> "_Source | None":
        for inode, path, _ in files:
            if inode == since.inode:
                return _open(path, since.offset)
        self.missed += 1
        return _open(files[0][1], 0)

    def _following(self) -> tuple[Path | None, bool]:
        """Return the file after the one being read, if that has any bytes.

        True: there may have been others in between.
        """
        inode = 0 if self._source is None else self._source.inode
        after: tuple[int, Path, int] | None = None
        files = self._files()
        missed = False
        for file in files:
            if file[0] == inode:
                break
            after = file
        else:
            after = files[0] if files else None
            missed = True
        # logrotate makes the new file before we are told to use it.
        return (after[1] if after is not None and after[2] else None), missed

    def _files(self) -> list[tuple[int, Path, int]]:
        """Return inode, path and size of the log and its older ones, newest first."""
        paths = [self._path]
        paths += [self._path.with_name(names[0]) for _, names in older(self._path)]
        found = []
        for path in paths:
            with suppress(FileNotFoundError):
                stat = path.lstat()
                found.append((stat.st_ino, path, stat.st_size))
        return found


class _Source(Protocol):
    inode: int

    def read(self) -> bytes: ...

    def close(self) -> None: ...


class _Plain:
    def __init__(self, fd: int, offset: int) -> None:
        self._fd = fd
        self._offset = offset
        self.inode = os.fstat(fd).st_ino

    def read(self) -> bytes:
        if os.fstat(self._fd).st_size < self._offset:
            self._offset = 0  # cleared, or truncated by logrotate
        data = os.pread(self._fd, _CHUNK, self._offset)
        self._offset += len(data)
        return data

    def close(self) -> None:
        os.close(self._fd)


class _Packed:
    def __init__(self, fd: int) -> None:
        self.inode = os.fstat(fd).st_ino
        self._file = os.fdopen(fd, "rb")
        self._bytes = gzip.GzipFile(fileobj=self._file)

    def read(self) -> bytes:
        return self._bytes.read(_CHUNK)

    def close(self) -> None:
        self._bytes.close()
        self._file.close()


def _open(path: Path, offset: int) -> _Source | None:
    try:
        fd = DESCRIPTORS.lift(os.open(path, _FLAGS))
    except FileNotFoundError:
        return None  # renamed in this moment: it is looked for again
    return _Packed(fd) if path.name.endswith(GZ) else _Plain(fd, offset)
