"""What a daemon hands to itself when it goes on, in the same process, as other code.

Descriptors stay open over an exec, and a variable of the environment tells which is
what. It counts only in the process that it was written in.
"""

import os
from collections.abc import MutableMapping
from contextlib import suppress

import msgspec

VARIABLE = "SELFHEALINGD_HANDOFF"


class Socket(msgspec.Struct, frozen=True):
    """A listening socket, and the file that it was given."""

    fd: int
    device: int
    inode: int


class Handoff(msgspec.Struct, frozen=True, kw_only=True):
    """``lock``: of the state. ``kept``: what holds output and programs' sockets."""

    pid: int
    lock: int
    socket: Socket
    kept: tuple[int, ...] = ()

    @property
    def descriptors(self) -> tuple[int, ...]:
        """All that have to stay open."""
        return (self.lock, self.socket.fd, *self.kept)

    def release(self) -> None:
        """Close what is kept: somebody else has it open by now."""
        for fd in self.kept:
            os.close(fd)

    def write(self, environ: MutableMapping[str, str]) -> None:
        """Tell the successor, and let it inherit the descriptors."""
        for fd in self.descriptors:
            os.set_inheritable(fd, True)  # noqa: FBT003 - the standard library's way
        environ[VARIABLE] = msgspec.json.encode(self).decode()


def take(environ: MutableMapping[str, str]) -> Handoff | None:
    """Return what a former self hands to us, which no program inherits; or None."""
    plain = environ.pop(VARIABLE, None)
    if plain is None:
        return None
    try:
        handoff = msgspec.json.decode(plain, type=Handoff)
    except msgspec.DecodeError:
        return None
    if handoff.pid != os.getpid():
        return None
    for fd in handoff.descriptors:
        with suppress(OSError):  # then whoever needs it finds out
            os.set_inheritable(fd, False)  # noqa: FBT003
    return handoff
