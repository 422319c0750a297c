"""What a service and systemd say to each other: variables, and short datagrams.

The protocol is sd_notify(3), sd_watchdog_enabled(3) and sd_listen_fds(3), and
``$JOURNAL_STREAM`` of systemd.exec(5); where nobody set the variables, as in a shell,
all of this does nothing.
"""

import os
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

import trio

from selfhealingd import logs

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"

SEND_SECS = 5.0
"""Its queue is short; a systemd that takes nothing for so long is itself in trouble."""

_FIRST = 3
"""SD_LISTEN_FDS_START of <systemd/sd-daemon.h>."""

log = logs.get("Systemd")


class Notifier:
    """Tells the service manager how the daemon is, if there is a manager.

    ``address``: a socket's path, or with "@" in front an abstract name, as
    ``$NOTIFY_SOCKET`` has it; None where nobody wants to know.
    """

    def __init__(self, address: str | None) -> None:
        self.listening = bool(address)
        self._address = address or ""
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]
        self._failing = False

    async def tell(self, *assignments: str) -> None:
        """Send these; what can't be sent is told in the log, the first time."""
        await trio.lowlevel.checkpoint()
        if not self.listening:
            return
        problem = None
        try:
            with trio.fail_after(SEND_SECS):
                await self._send(_datagram(assignments))
        except OSError as error:
            problem = error.strerror or str(error)
        except trio.TooSlowError:
            problem = f"it has taken nothing for {SEND_SECS:g} s"
        if problem is not None and not self._failing:
            log.warning(f"cannot tell systemd how we are: {problem}")
        self._failing = problem is not None

    async def _send(self, datagram: bytes) -> None:
        with trio.socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            # Connected, since else a full queue at the other end counts as writable.
            await sock.connect(self._address)
            await sock.send(datagram)

    def send(self, assignments: Sequence[str]) -> None:
        """Send these without a loop; raises OSError."""
        if self.listening:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.settimeout(SEND_SECS)
                sock.sendto(_datagram(assignments), self._address)


def _datagram(assignments: Sequence[str]) -> bytes:
    return "\n".join(assignments).encode(errors="replace")


def tell_at_once(environ: Mapping[str, str], *assignments: str) -> None:
    """Send these where no loop runs; blocks, and nobody hears of a failure."""
    notifier = Notifier(environ.get("NOTIFY_SOCKET"))
    with suppress(OSError):
        notifier.send(assignments)


def status(line: str) -> str:
    """The assignment that shows a line in ``systemctl status``."""
    return "STATUS=" + " ".join(line.splitlines())


def reloading() -> tuple[str, str]:
    """The assignments that begin a reload, which READY ends."""
    # Not trio's clock, which begins anywhere: systemd compares this one.
    return "RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}"


def extend_timeout(seconds: float) -> str:
    """The assignment that asks for so many more seconds, from now on."""
    return f"EXTEND_TIMEOUT_USEC={round(seconds * 1e6)}"


def is_journal(descriptor: int, environ: Mapping[str, str]) -> bool:
    """Say whether what is written there becomes lines of systemd's journal."""
    try:
        stream = os.fstat(descriptor)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}"


def watchdog_secs(environ: Mapping[str, str], pid: int) -> float | None:
    """Return within how many seconds to say ALIVE, again and again; None: never."""
    if environ.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None  # meant for the process that started us
    wanted = environ.get("WATCHDOG_USEC", "")
    return int(wanted) / 1e6 if wanted.isdecimal() and int(wanted) else None


def passed_sockets(environ: Mapping[str, str], pid: int) -> dict[str, int]:
    """Return the descriptors that systemd opened for us, by FileDescriptorName=.

    From now on no program inherits them.
    """
    number = environ.get("LISTEN_FDS", "")
    if environ.get("LISTEN_PID") != str(pid) or not number.isdecimal():
        return {}
    descriptors = range(_FIRST, _FIRST + int(number))
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - its own signature
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    return dict(zip(names, descriptors, strict=False))
