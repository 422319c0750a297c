"""Run a command from its start to its end, and keep the last of what it says."""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from signal import SIGKILL, SIGTERM
from types import TracebackType
from typing import Self

import trio

from selfhealingd.core.launch import Launch
from selfhealingd.core.signals import signal_name
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.handles import Handles
from selfhealingd.supervise.identity import Identity
from selfhealingd.supervise.spawn import start
from selfhealingd.supervise.tree import members, send, wait_gone

DISCREET: trio.lowlevel.RunVar[Callable[[str], str]] = trio.lowlevel.RunVar(
    "discreet", default=str
)
"""What is left of a command's words where they are told: in log, status and journal.

A daemon that knows secrets takes these out.
"""

_TERM_SECS = 2.0
_KILL_SECS = 5.0
_CHUNK = 65536
_LAST_CHUNKS = 16  # a pipe holds 64 KiB to 1 MiB


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, with the tail of its merged stdout and stderr.

    ``code`` and ``signal`` are both None if it never got as far as starting within
    its time, or would not die. ``survivors`` are processes that nothing could end.
    """

    code: int | None
    signal: int | None
    timed_out: bool
    seconds: float
    tail: str
    survivors: tuple[Identity, ...] = ()

    def problem(self, timeout: float) -> str | None:
        """Say why it did not do what it should, with its last line; None if it did."""
        if self.timed_out:
            words = f"timed out after {timeout:g} s"
        elif self.signal is not None:
            words = f"killed by {signal_name(self.signal)}"
        elif self.code != 0:
            words = f"exited with status {self.code}"
        else:
            return None
        last = self.told.strip().splitlines()[-1:]
        return f"{words}: {last[0]}" if last else words

    @property
    def told(self) -> str:
        """The tail as others may see it: see ``DISCREET``."""
        return DISCREET.get()(self.tail)


async def run_to_end(
    launch: Launch,
    marks: Mapping[str, str],
    *,
    timeout: float,  # noqa: ASYNC109 - it ends the command; nothing is raised
    output_limit: int = 4096,
    stdin: bytes | None = None,
) -> Ran:
    """Run a command for at most ``timeout`` seconds and say how it went.

    It reads ``stdin``, which it need not do to the end; None is nothing to read.
    Its output goes to the last ``output_limit`` bytes of ``Ran.tail``, not to where
    the launch says. Whatever it leaves of its tree is ended with it: SIGTERM, and
    after 2 s SIGKILL; so it is on timeout and when cancelled. Raises SpawnError.
    """
    begun = trio.current_time()
    child: Child | None = None
    with Tail(output_limit) as tail:
        with _readable(stdin) as fd, trio.move_on_after(timeout):
            handles = replace(tail.handles, stdin=fd)
            child = await start(launch, marks=marks, handles=handles)
        tail.close_writer()
        if child is None:
            seconds = trio.current_time() - begun
            return Ran(None, None, timed_out=True, seconds=seconds, tail="")
        try:
            timed_out, survivors = await _attend(child, tail, begun + timeout)
            tail.drain()
        finally:
            child.close()
        status = child.status
    return Ran(
        code=status.code if status else None,
        signal=status.signal if status else None,
        timed_out=timed_out,
        seconds=trio.current_time() - begun,
        tail=tail.text(),
        survivors=survivors,
    )


async def _attend(
    child: Child, tail: "Tail", deadline: float
) -> tuple[bool, tuple[Identity, ...]]:
    survivors: tuple[Identity, ...] = ()
    async with trio.open_nursery() as nursery:
        # Read until the very end, or a full pipe would keep it from ending well.
        nursery.start_soon(tail.follow)
        try:
            with trio.move_on_at(deadline):
                await child.wait()
            timed_out = child.status is None
        finally:
            survivors = await _end(child)
        nursery.cancel_scope.cancel()
    return timed_out, survivors


async def _end(child: Child) -> tuple[Identity, ...]:
    """End all of the child's tree, cancelled or not; return what would not."""
    left: tuple[Identity, ...] = ()
    with trio.move_on_after(2 * _TERM_SECS + _KILL_SECS, shield=True):
        left = await members(child)
        for signo, patience in ((SIGTERM, _TERM_SECS), (SIGKILL, _KILL_SECS)):
            if not left and child.status is not None:
                break
            await send(child, signo)
            with trio.move_on_after(patience):
                await child.wait()
                await wait_gone(child)
            left = await members(child)
    return left


@contextmanager
def _readable(content: bytes | None) -> Iterator[int]:
    """Give a descriptor to read that from for the block.

    It is of a file in memory: with a pipe somebody would have to write, and to see to
    it that who reads slowly, or not at all, holds up nobody.
    """
    if content is None:
        yield subprocess.DEVNULL
        return
    fd = os.memfd_create("stdin", os.MFD_CLOEXEC)
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(fd, 0, os.SEEK_SET)
        yield fd
    finally:
        os.close(fd)


class Tail:
    """A pipe for a command's output, of which the last bytes are kept."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = b""
        self._reader, self._writer = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._reader, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close_writer()
        os.close(self._reader)

    @property
    def handles(self) -> Handles:
        """The end to write to, for the command."""
        return Handles(self._writer, self._writer)

    def close_writer(self) -> None:
        """Give up our own copy of the end to write to."""
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1

    async def follow(self) -> None:
        """Read as it comes, until nobody has the pipe open for writing."""
        while True:
            await trio.lowlevel.wait_readable(self._reader)
            if self._read() == b"":
                return

    def drain(self) -> None:
        """Read what is there now, without waiting for whoever holds the pipe."""
        for _ in range(_LAST_CHUNKS):
            if not self._read():
                return

    def text(self) -> str:
        """The last of what was said."""
        return self._kept.decode("utf-8", "replace")

    def _read(self) -> bytes | None:
        """Keep and return a chunk: empty at the end, None if there is none yet."""
        try:
            chunk = os.read(self._reader, _CHUNK)
        except BlockingIOError:
            return None
        said = self._kept + chunk
        self._kept = said[max(0, len(said) - self._limit) :]
        return chunk
