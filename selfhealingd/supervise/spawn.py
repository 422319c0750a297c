"""Start a command, with everything about it in force before its first instruction."""

import os
import resource
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import trio

from selfhealingd.core.launch import Credentials, Launch
from selfhealingd.core.listening import SocketAs
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.descriptors import DESCRIPTORS
from selfhealingd.supervise.environment import program_environment
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.explain import explain
from selfhealingd.supervise.forkers import Task, begin_in_forker, in_forker
from selfhealingd.supervise.handles import Handles
from selfhealingd.supervise.privilege import checked_limits, switch_to
from selfhealingd.supervise.sockets.handover import Handover
from selfhealingd.supervise.tree import send, wait_gone

_HANG_SECS = 5.0
_KILL_SECS = 5.0
_NOWHERE = Handles()


async def start(
    launch: Launch,
    *,
    marks: Mapping[str, str],
    handles: Handles = _NOWHERE,
    limiter: trio.CapacityLimiter | None = None,
) -> Child:
    """Start a command as ``spawn`` does, in a thread of its own as ``limiter`` lets.

    Cancelled, it ends what it has started before the cancel goes on. Only an exec
    that hangs, on a dead network disk perhaps, is left behind after 5 s; what comes
    of it is killed and reaped whenever that is.
    """
    if limiter is None:
        limiter = trio.to_thread.current_default_thread_limiter()
    return await Order(launch, marks, handles).child(limiter)


class Order:
    """A start that is to be, or under way, which its orderer may give up.

    Who begins one has to await its ``child``.
    """

    def __init__(
        self, launch: Launch, marks: Mapping[str, str], handles: Handles
    ) -> None:
        self._task: Task[Child] | None = None
        self._launch = launch
        self._marks = marks
        self._handles = handles
        self._token = trio.lowlevel.current_trio_token()
        self._settled = trio.Event()
        self._lock = threading.Lock()
        self._begun = False
        self._abandoned = False
        self._child: Child | None = None

    def begin(self, limiter: trio.CapacityLimiter) -> None:
        """Begin at once; raises trio.WouldBlock or RuntimeError if that can't be."""
        self._task = begin_in_forker(self._carry_out, limiter)

    async def child(self, limiter: trio.CapacityLimiter) -> Child:
        """Return what was started, as ``start`` does."""
        try:
            if self._task is not None:
                return await self._task.result()
            return await in_forker(self._carry_out, limiter)
        except (trio.Cancelled, RuntimeError):  # the latter: there is no thread for it
            await self._give_up()
            raise

    def _carry_out(self) -> Child:
        with self._lock:
            if self._abandoned:
                raise SpawnError("cannot start: nobody waits for it any more")
            # Our own copies: who gives up from now on may close the originals at any
            # time. Not before: thousands may be waiting to begin.
            handles = self._copies()
            self._begun = True
        try:
            return self._keep(spawn(self._launch, marks=self._marks, handles=handles))
        finally:
            handles.close()
            with suppress(trio.RunFinishedError):  # then nobody is there to be told
                self._token.run_sync_soon(self._settled.set)

    def _copies(self) -> Handles:
        try:
            return self._handles.copy()
        except OSError as error:
            raise SpawnError(explain(error, self._launch, {})) from error

    def _keep(self, child: Child) -> Child:
        with self._lock:
            if not self._abandoned:
                self._child = child
                return child
        child.close()
        _discard(child.pid)
        raise SpawnError("cannot keep what was started: nobody waits for it any more")

    async def _give_up(self) -> None:
        """Take the order back, and end what has come of it already."""
        with self._lock:
            if not self._begun:
                self._abandoned = True
                return
        with trio.move_on_after(_HANG_SECS, shield=True):
            await self._settled.wait()
        with self._lock:
            self._abandoned = True
        if self._child is not None:
            with trio.move_on_after(_KILL_SECS, shield=True):
                await send(self._child, signal.SIGKILL)
                await self._child.wait()
                await wait_gone(self._child)
            self._child.close()


def spawn(
    launch: Launch, *, marks: Mapping[str, str], handles: Handles = _NOWHERE
) -> Child:
    """Start a command in a session of its own and return it; blocking.

    ``marks`` are environment variables by which the process is known as ours,
    ``handles`` its streams, which stay the caller's: where the launch wants its output
    is for the caller to see to. Raises SpawnError.
    """
    if not launch.argv:
        raise SpawnError("cannot start: the command is empty")
    marks = dict(marks)
    inherited = {} if launch.alone else os.environ
    environment = program_environment(inherited, launch.environment, marks)
    limits = checked_limits(launch.rlimits)
    user = switch_to(launch.credentials)
    with ExitStack() as within:
        handover = None
        if handles.sockets and launch.socket_as is SocketAs.LISTEN_FDS:
            names = [socket.name for socket in launch.sockets]
            handover = Handover(launch.argv, environment, names, handles.sockets)
            within.enter_context(handover)
        if limits or handover:
            limits = {**DESCRIPTORS.given(), **limits}
        else:
            within.enter_context(DESCRIPTORS.steady())
        last = _LastSteps(limits, user, handover)
        pid = _fork_exec(launch, environment, handles, last)
    try:
        return Child.of(pid, marks, handles.pipes)
    except OSError as error:
        _discard(pid)
        raise SpawnError(explain(error, launch, environment)) from error


def _fork_exec(
    launch: Launch,
    environment: Mapping[str, str],
    handles: Handles,
    last: "_LastSteps",
) -> int:
    # Without need for them, subprocess's own vfork is quicker and safer.
    prepare = last.take if last.needed else None
    switch = None if prepare else last.user
    stdin = handles.stdin
    if handles.sockets and launch.socket_as is SocketAs.STDIN:
        [stdin] = handles.sockets
    try:
        popen = subprocess.Popen(  # noqa: S603 - what the operator configured
            launch.argv,
            stdin=stdin,
            stdout=handles.stdout,
            stderr=handles.stderr,
            close_fds=prepare is not None or not DESCRIPTORS.private,
            start_new_session=True,
            cwd=None if launch.directory is None else os.fspath(launch.directory),
            env=environment,
            umask=-1 if launch.umask is None else launch.umask,
            user=None if switch is None else switch.uid,
            group=None if switch is None else switch.gid,
            extra_groups=None if switch is None else switch.groups,
            preexec_fn=prepare,  # noqa: PLW1509 - see _LastSteps
        )
        # Reaping is Child's: so subprocess neither waits for it nor warns.
        popen.returncode = 0
        if last.handover is not None:
            last.handover.check(popen.pid)
    except OSError as error:
        raise SpawnError(explain(error, launch, environment)) from error
    except ValueError as error:  # such as a NUL in an argument
        raise SpawnError(f"cannot start {launch.argv[0]!r}: {error}") from error
    except subprocess.SubprocessError as error:
        raise SpawnError(
            f"cannot start {launch.argv[0]!r}: the system refused its limits"
            f" ({', '.join(launch.rlimits)}) or its user; ask for less"
        ) from error
    return popen.pid


@dataclass(frozen=True, slots=True)
class _LastSteps:
    """What subprocess has no step for, between fork and exec: no locks there.

    Limits must precede the change of user, or root's right to raise them is gone.
    """

    limits: Mapping[int, tuple[int, int]]
    user: Credentials | None
    handover: Handover | None

    @property
    def needed(self) -> bool:
        return bool(self.limits) or self.handover is not None

    def take(self) -> None:
        for number, pair in self.limits.items():
            resource.setrlimit(number, pair)
        if self.user is not None:
            os.setgroups(self.user.groups)
            os.setgid(self.user.gid)
            os.setuid(self.user.uid)
        if self.handover is not None:
            self.handover.exec()


def _discard(pid: int) -> None:
    """End a child that nobody will ever hear of; blocking."""
    with suppress(PermissionError):  # of a setuid command: then its end is awaited
        os.killpg(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED)
