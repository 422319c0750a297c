"""What is looked at, in which order: what may block comes last."""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from selfhealingd.core.evidence import changes, core_hint
from selfhealingd.core.exits import Exit
from selfhealingd.core.launch import Launch
from selfhealingd.observe.evidence import proc
from selfhealingd.observe.evidence.binaries import changed_at
from selfhealingd.observe.evidence.files import files
from selfhealingd.observe.evidence.host import host
from selfhealingd.observe.evidence.notes import Notes
from selfhealingd.observe.evidence.process import kernel_stack, limits, process
from selfhealingd.observe.evidence.tree import tree

_CORE_USES_PID = Path("/proc/sys/kernel/core_uses_pid")
_CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")


def at_host(notes: Notes) -> None:
    """Note how the host is."""
    notes.take("host", host)


def at_process(pid: int, started: int | None, notes: Notes) -> None:
    """Note all that a process that runs has to show.

    Nothing, if it isn't the one that was started then.
    """
    if started is not None and proc.started(pid) != started:
        notes.miss("process", "it is gone")
        return
    notes.take("process", partial(process, pid))
    notes.take("kernel_stack", partial(kernel_stack, pid))
    notes.take("limits", partial(limits, pid))
    notes.take("files", partial(files, pid))
    notes.take("tree", partial(tree, pid))


def at_core(end: Exit, pid: int, launch: Launch, limit: int, notes: Notes) -> None:
    """Note where the core dump is. ``limit``: the daemon's own, -1 for none."""
    soft, _ = launch.rlimits.get("core", (limit, limit))
    directory = str(launch.directory or Path.cwd())

    def hint() -> str | None:
        pattern = _CORE_PATTERN.read_text().strip()
        if "%p" not in pattern and _CORE_USES_PID.read_text().strip() != "0":
            pattern += ".%p"
        return core_hint(end, pattern=pattern, limit=soft, pid=pid, directory=directory)

    notes.take("core", hint)


def at_changes(
    launch: Launch,
    environ: Mapping[str, str],
    notes: Notes,
    *,
    now: float,
    lasted: float,
    settings: float | None,
) -> None:
    """Note what has changed; see ``changes``. ``now``: wall time."""
    search = launch.environment.get("PATH") or environ.get("PATH") or os.defpath

    def changed() -> tuple[str, ...]:
        files = changed_at(launch.argv, directory=launch.directory, search=search)
        ago = {path: now - at for path, at in files.items()}
        return changes(ago, lasted=lasted, settings=settings)

    notes.take("changed", changed)
