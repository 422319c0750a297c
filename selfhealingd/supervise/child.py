"""A process that we started: how it ended, and signals to it."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

import trio

from selfhealingd.supervise.cgroup import Cgroup
from selfhealingd.supervise.descriptors import DESCRIPTORS
from selfhealingd.supervise.errors import SignalError
from selfhealingd.supervise.handles import Pipe
from selfhealingd.supervise.identity import Identity, start_ticks
from selfhealingd.supervise.pidfd import refused, send_by
from selfhealingd.supervise.register import REGISTER

_UNMARKED: Mapping[str, str] = MappingProxyType({})

# A debugger sees the exit first, and keeps it from us for as long as it likes.
_TRACED_SECS = 0.1


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How a process ended: with a code, or killed by a signal.

    Both are None if somebody else took the status. ``dumped`` tells of a core dump.
    """

    code: int | None
    signal: int | None
    dumped: bool = False


class Child:
    """A child of ours that leads its own session, held by pidfd.

    ``wait`` must be allowed to finish, or a zombie is left; ``close`` comes when also
    its tree is gone, which is not known as its tree any more.
    """

    orphans_come_to_us: ClassVar[bool] = True
    """Whether what loses its parents in the tree becomes our child."""

    __slots__ = (
        "_identity",
        "_marks",
        "_pidfd",
        "_pipes",
        "_spared",
        "_status",
        "_waiting",
        "cgroup",
    )

    def __init__(
        self,
        identity: Identity,
        pidfd: int,
        marks: Mapping[str, str] = _UNMARKED,
        pipes: frozenset[Pipe] = frozenset(),
    ) -> None:
        self._identity = identity
        self._marks = marks
        self._pipes = pipes
        self._pidfd = pidfd
        self._status: ExitStatus | None = None
        self._spared = False
        self._waiting = trio.Lock()
        self.cgroup: Cgroup | None = None
        """Where it and all that it starts live, if the daemon may make cgroups."""

    @classmethod
    def of(
        cls,
        pid: int,
        marks: Mapping[str, str] = _UNMARKED,
        pipes: frozenset[Pipe] = frozenset(),
    ) -> Self:
        """Take charge of a child that nobody has reaped; OSError if that fails.

        Its orphans are known by ``marks`` of its environment, or by the ``pipes`` that
        it writes to.
        """
        pidfd = DESCRIPTORS.lift(os.pidfd_open(pid))
        try:
            started = start_ticks(pid)
            if started is None:
                raise ProcessLookupError(f"cannot read /proc/{pid}/stat")
        except OSError:
            os.close(pidfd)
            raise
        child = cls(Identity(pid, started), pidfd, marks, pipes)
        REGISTER.enter(child, waited_for=cls.orphans_come_to_us)
        return child

    def __repr__(self) -> str:
        return f"<Child {self.pid} {self._status or 'running'}>"

    @property
    def identity(self) -> Identity:
        """Who it is, for ever."""
        return self._identity

    @property
    def marks(self) -> Mapping[str, str]:
        """What its environment was marked with."""
        return self._marks

    @property
    def pipes(self) -> frozenset[Pipe]:
        """What its output went into, and nobody else's."""
        return self._pipes

    @property
    def pid(self) -> int:
        """Its pid, which is also its session and process group."""
        return self.identity.pid

    @property
    def started(self) -> int:
        """When it started, in clock ticks since boot."""
        return self.identity.started

    @property
    def status(self) -> ExitStatus | None:
        """How it ended; None as long as ``wait`` has not found out."""
        return self._status

    async def wait(self) -> ExitStatus:
        """Wait for its end and reap it; every later call returns the same at once.

        Raises trio.ClosedResourceError if ``close`` comes before the end.
        """
        async with self._waiting:
            while (status := self._status) is None:
                if self._pidfd < 0:
                    raise trio.ClosedResourceError
                await trio.lowlevel.wait_readable(self._pidfd)
                if self._spared:
                    await trio.sleep_forever()
                self._status = await self._end()
                if self._status is None:
                    await trio.sleep(_TRACED_SECS)
            return status

    def spare(self) -> None:
        """Leave its status, should it end from now on, to whoever comes after us."""
        self._spared = True

    async def strays(self) -> Collection[Identity]:
        """Return who of its tree no parent and no adoption by us leads to."""
        return ()

    async def _end(self) -> ExitStatus | None:
        """Return how it has ended; None if that is to be asked again."""
        return self._reaped()

    def _reaped(self) -> ExitStatus | None:
        try:
            result = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
        except ChildProcessError:
            REGISTER.reaped(self.pid)
            return ExitStatus(None, None)
        if result is None:
            return None
        REGISTER.reaped(self.pid)
        if result.si_code == os.CLD_EXITED:
            return ExitStatus(result.si_status, None)
        dumped = result.si_code == os.CLD_DUMPED
        return ExitStatus(None, result.si_status, dumped)

    def live_in(self, cgroup: Cgroup) -> None:
        """Move it, with what it has started, into a cgroup; blocking.

        Raises OSError if that is not possible: then it stays where it is.
        """
        cgroup.take_in(self.pid)
        self.cgroup = cgroup

    def send(self, signo: int) -> bool:
        """Signal this process alone; False if it is gone.

        Raises SignalError if the system does not permit it.
        """
        if self._status is not None or self._pidfd < 0:
            return False
        return send_by(self._pidfd, signo, self.pid)

    def send_group(self, signo: int) -> bool:
        """Signal its process group, also what is left of it; False if none is.

        Raises SignalError if the system permits it for no member.
        """
        if self._pidfd < 0:
            return False
        # A number stays reserved as long as a process or a group bears it. Once the
        # leader is reaped, a process with its number is a stranger; without one, what
        # bears the number is our group or nothing.
        if self._status is not None and start_ticks(self.pid) is not None:
            return False
        try:
            os.killpg(self.pid, signo)
        except ProcessLookupError:
            return False
        except PermissionError as error:
            whom = f"process group {self.pid}"
            raise SignalError(refused(signo, whom)) from error
        return True

    def close(self) -> None:
        """Give up the pidfd; more than once is harmless."""
        if self._pidfd < 0:
            return
        REGISTER.leave(self)
        if self._waiting.locked():
            trio.lowlevel.notify_closing(self._pidfd)
        os.close(self._pidfd)
        self._pidfd = -1
