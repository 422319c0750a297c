"""A cgroup (v2) for each tree, where the daemon was given cgroups to divide.

Who is in one, whatever became of its parents, is known to the kernel, which also
kills all of it at once and tells when it is empty. Their names say whose they are, so
that a later daemon finds them again.
"""

import errno
import os
import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

import trio

from selfhealingd.supervise.environment import DELEGATED
from selfhealingd.supervise.identity import Identity, children, read_stat

_DELEGATED = ("user.delegate", "trusted.delegate")  # xattrs that systemd sets
_ENOUGH = 4096


class Cgroup:
    """One tree's cgroup, made by ``take_in``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __repr__(self) -> str:
        return f"<Cgroup {self._path}>"

    @property
    def populated(self) -> bool:
        """Whether a process of it runs, in a cgroup below it perhaps."""
        return b"populated 1" in _read(self._path / "cgroup.events")

    def take_in(self, pid: int) -> None:
        """Move a child of ours in, with what it has forked since.

        Raises OSError if that is not possible: then it stays where it is.
        """
        self._path.mkdir(parents=True, exist_ok=True)
        waiting, moved = [(pid, os.getpid())], set[int]()
        while waiting:
            one, parent = waiting.pop()
            stat = read_stat(one)
            if stat is None or stat.parent not in (parent, os.getpid()):
                continue
            with suppress(ProcessLookupError):
                (self._path / "cgroup.procs").write_text(str(one))
            moved.add(one)
            # What it forks from now on is born here; who was born before is moved.
            waiting += [(each, one) for each in children(one) if each not in moved]

    def pids(self) -> list[int]:
        """Return who is in it, in cgroups below it too."""
        return [
            int(pid)
            for folder, _, _ in os.walk(self._path)
            for pid in _read(Path(folder, "cgroup.procs")).split()
        ]

    def kill(self) -> None:
        """Send SIGKILL to all of it at once, so that no fork slips through."""
        # Where this fails, its processes are still killed one by one.
        with suppress(OSError):
            (self._path / "cgroup.kill").write_text("1")

    async def wait_empty(self) -> None:
        """Return when no process of it runs any more."""
        try:
            fd = os.open(self._path / "cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            with select.epoll() as changes:
                # A change shows as EPOLLPRI, for which trio can't wait; but that an
                # epoll has news is itself something to read.
                changes.register(fd, select.EPOLLPRI)
                while _says_populated(fd):
                    await trio.lowlevel.wait_readable(changes.fileno())
                    changes.poll(0)
        finally:
            os.close(fd)

    def remove(self) -> None:
        """Remove it, unless somebody is still in it."""
        for folder, _, _ in os.walk(self._path, topdown=False):
            with suppress(OSError):  # who is left in it keeps it
                os.rmdir(folder)  # noqa: PTH106 - unlink nothing: these are no files


class Cgroups:
    """The cgroups of one daemon, below a cgroup that was delegated to it."""

    def __init__(self, delegated: Path, instance: str) -> None:
        digest = blake2b(instance.encode(), digest_size=4).hexdigest()
        self._folder = delegated / f"selfhealingd-{digest}"

    def remove(self) -> None:
        """Remove all that are empty."""
        Cgroup(self._folder).remove()

    def of(self, program: str, leader: Identity) -> Cgroup:
        """Return the cgroup of the tree of which this process is the leader."""
        return Cgroup(self._folder / f"{program}.{leader.pid}.{leader.started}")


@contextmanager
def cgroups_of(instance: str) -> Iterator[Cgroups | None]:
    """Give cgroups to a daemon with this mark, for the block; None if there are none.

    Those that are empty by then are removed.
    """
    delegated = find_delegated()
    if delegated is None:
        yield None
        return
    made = Cgroups(delegated, instance)
    try:
        yield made
    finally:
        made.remove()


def find_delegated() -> Path | None:
    """Return our own cgroup if it is ours to divide; None if there is no such thing.

    To be able to write there is not enough: root always is, and would come into the
    way of whoever manages it (systemd, usually). It must be marked as delegated, be
    named by our unit as its own, since a user's systemd sets no marks (252), or be the
    root of a cgroup namespace such as a container's.
    """
    own = own_cgroup()
    if own is None or not (own / "cgroup.kill").exists():
        return None  # there is none in the root of all cgroups, or before Linux 5.14
    path, is_root = own, _relative() == "/"
    marked = any(_xattr(path, name) == b"1" for name in _DELEGATED)
    if not (is_root or marked or path.name == os.environ.get(DELEGATED)):
        return None
    if _read(path / "cgroup.type").strip() != b"domain":
        return None
    writable = all(os.access(file, os.W_OK) for file in (path, path / "cgroup.procs"))
    return path if writable else None


def own_cgroup() -> Path | None:
    """Return the folder of the cgroup (v2) that we are in, if we can see it."""
    relative = _relative()
    if relative is None:
        return None
    for line in Path("/proc/self/mountinfo").read_bytes().splitlines():
        here, _, there = line.partition(b" - ")
        if there.startswith(b"cgroup2 "):
            root, point = map(_unescaped, here.split()[3:5])
            inside = os.path.relpath(relative, root)
            # A root above our cgroup namespace begins with "/..", too.
            if ".." not in (root[1:3], inside[:2]):
                return Path(point, inside)
    return None


def _relative() -> str | None:
    for line in Path("/proc/self/cgroup").read_bytes().splitlines():
        if line.startswith(b"0::"):
            return os.fsdecode(line[3:])
    return None


def _unescaped(field: bytes) -> str:
    for code in (b"\\040", b"\\011", b"\\012", b"\\134"):
        field = field.replace(code, bytes([int(code[1:], 8)]))
    return os.fsdecode(field)


def _xattr(path: Path, name: str) -> bytes:
    try:
        return os.getxattr(path, name)
    except OSError:
        return b""  # it is not set, or not for us to see


def _says_populated(fd: int) -> bool:
    with _gone():
        return b"populated 1" in os.pread(fd, _ENOUGH, 0)
    return False


def _read(path: Path) -> bytes:
    with _gone():
        return path.read_bytes()
    return b""


@contextmanager
def _gone() -> Iterator[None]:
    """Pass over the errors of a cgroup that is not there, or no more while open."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENODEV):
            raise
