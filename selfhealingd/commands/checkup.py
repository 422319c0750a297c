"""The method that tells of the ground on which the daemon stands."""

import os
import resource
import stat
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import trio

import selfhealingd
from selfhealingd import status
from selfhealingd.clock import utc_now
from selfhealingd.config.shared import shared_signs
from selfhealingd.control.registry import Call
from selfhealingd.core.keyring import management
from selfhealingd.flags import FIELDS, FlagError, read_flags
from selfhealingd.preview import preview
from selfhealingd.reloading import changes_by, read_config
from selfhealingd.supervise.cgroup import find_delegated, own_cgroup
from selfhealingd.system import System
from selfhealingd.upkeep import needed_descriptors
from selfhealingd.wire import methods
from selfhealingd.wire.checkup import (
    CheckupDocument,
    DriftDocument,
    LimitDocument,
    PlaceDocument,
)
from selfhealingd.wire.ground import Look, folders_of, look_at

PATIENCE_SECS = 3.0
"""For each file system: a dead network disk is a finding, not the end of them."""

EXTRAS = {"web": "hypercorn", "notify": "apprise"}
"""Optional parts, each by a package without which it isn't there."""


async def doctor(
    system: System, call: Call, _params: methods.Nothing
) -> CheckupDocument:
    """Collect what the daemon alone can tell; judge nothing."""
    found = status.status(system)
    daemon = system.config.daemon
    keys = management(system.diagnosis.keys.ring, trio.current_time())
    wanted = tuple(_places(system))
    places: dict[int, PlaceDocument] = {}

    async def look(number: int, what: str, path: Path, see: Look) -> None:
        places[number] = await _looked(what, path, see)

    async with trio.open_nursery() as nursery:
        for number, one in enumerate(wanted):
            nursery.start_soon(look, number, *one)
    return CheckupDocument(
        version=selfhealingd.__version__,
        pid=os.getpid(),
        uid=os.geteuid(),
        operator=call.operator,
        booted="INVOCATION_ID" in os.environ,
        delegated=find_delegated() is not None,
        places=tuple(places[number] for number in range(len(wanted))),
        limits=tuple(_limits(system)),
        drift=await _drift(system),
        state_ahead=_ahead(daemon.state_dir / "state.toml"),
        left=tuple(sorted(system.outputs.strangers())),
        runtime_dir=str(daemon.runtime_dir),
        keys=keys.total_keys,
        keys_usable=keys.active_keys,
        extras={name: find_spec(one) is not None for name, one in EXTRAS.items()},
        status=found.status,
        issues=len(found.issues),
    )


def _places(system: System) -> Iterator[tuple[str, Path, Look]]:
    """Yield what is to be looked at, where it is, and how."""
    daemon = system.config.daemon
    for what, path, write in _files(system):
        yield what, path, partial(look_at, what, path, write=write)
    files = (*system.config.files, daemon.flags_file)
    folder = system.config.file.parent
    for path, look in folders_of(files, folder, daemon.include):
        yield "config folder", path, look


def _files(system: System) -> Iterator[tuple[str, Path, bool]]:
    daemon = system.config.daemon
    yield "state folder", daemon.state_dir, True
    yield "runtime folder", daemon.runtime_dir, True
    yield "control socket", system.config.control.socket, True
    if daemon.log_dir.exists():  # it is made with the first log
        yield "log folder", daemon.log_dir, True
    for file in system.config.files:
        yield "config file", file, False
    if daemon.flags_file.exists():
        yield "flag file", daemon.flags_file, False
    if system.config.llm.key_file is not None:
        yield "key file", system.config.llm.key_file, False


async def _looked(what: str, path: Path, look: Look) -> PlaceDocument:
    with trio.move_on_after(PATIENCE_SECS):
        return await trio.to_thread.run_sync(look, abandon_on_cancel=True)
    problem = f"its disk didn't answer in {PATIENCE_SECS:g} s"
    return PlaceDocument(what=what, path=str(path), problem=problem)


def _limits(system: System) -> Iterator[LimitDocument]:
    needed = needed_descriptors(system.config)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield LimitDocument(
        what="open files of the daemon",
        used=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - names suffice
        most=_limited(hard),
        needed=needed,
        raise_by=f"LimitNOFILE=1024:{2 * needed} in its unit, or ulimit -Hn",
    )
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if os.geteuid() != 0:  # it does not bind root
        yield LimitDocument(
            what=f"processes of uid {os.geteuid()}",
            used=_processes_of(os.geteuid()),
            most=_limited(soft),
            needed=len(system.config.launches),
            raise_by="LimitNPROC in its unit, or ulimit -u",
        )
    yield LimitDocument(
        what="processes and threads of the host",
        used=_number(Path("/proc/loadavg"), lambda text: text.split()[3].split("/")[1]),
        most=_least("/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max"),
        raise_by="sysctl kernel.pid_max and kernel.threads-max",
    )
    group = own_cgroup()
    if group is not None and (group / "pids.max").exists():
        yield LimitDocument(
            what="processes of the daemon's cgroup",
            used=_number(group / "pids.current", str),
            most=_number(group / "pids.max", str) or None,
            needed=len(system.config.launches),
            raise_by="TasksMax in its unit",
        )


def _limited(number: int) -> int | None:
    return None if number == resource.RLIM_INFINITY else number


def _processes_of(uid: int) -> int:
    count = 0
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            try:
                count += entry.stat().st_uid == uid
            except OSError:  # it has ended meanwhile
                continue
    return count


def _least(*files: str) -> int | None:
    known = [number for file in files if (number := _number(Path(file), str))]
    return min(known, default=None)


def _number(file: Path, pick: Callable[[str], str]) -> int:
    """Return a number of the kernel's; 0 where there is none, or no limit."""
    try:
        text = pick(file.read_text()).strip()
    except (OSError, IndexError):
        return 0
    return int(text) if text.isdecimal() else 0


async def _drift(system: System) -> DriftDocument:
    file = system.config.daemon.flags_file
    wanted, mistakes = await read_config(system)
    pending: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    if wanted is not None:
        warnings = shared_signs(wanted)
        changes = changes_by(system, wanted, wanted.launches)
        services = system.loop.host.services
        pending = tuple(preview(changes, wanted.policy.programs, services))
    flags: tuple[str, ...] = ()
    error = system.flags_error
    try:
        read = await trio.to_thread.run_sync(read_flags, file)
    except FlagError as problem:
        error = str(problem).splitlines()[0]
    else:
        in_force = system.loop.host.flags
        flags = tuple(
            f"{key}={str(getattr(read, field)).lower()}"
            for key, field in FIELDS.items()
            if read is not None and getattr(read, field) != getattr(in_force, field)
        )
    return DriftDocument(
        config=str(system.config.file),
        mistakes=tuple(mistakes),
        pending=pending,
        flags_file=str(file),
        flags=flags,
        flags_error=error,
        warnings=warnings,
    )


def _ahead(state: Path) -> float | None:
    try:
        facts = state.stat()
    except OSError:
        return None
    if not stat.S_ISREG(facts.st_mode):
        return None
    return round(facts.st_mtime - utc_now().timestamp(), 1)
