"""What one process is doing: its state, its limits, and what it waits for."""

from selfhealingd.observe.evidence import proc

_TOLD = (
    "State",
    "Threads",
    "VmPeak",
    "VmSize",
    "VmRSS",
    "VmSwap",
    "FDSize",
    "SigPnd",
    "ShdPnd",
    "SigBlk",
    "SigIgn",
    "SigCgt",
    "voluntary_ctxt_switches",
    "nonvoluntary_ctxt_switches",
)
_FRAMES = 64


def process(pid: int) -> dict[str, str]:
    """Return what tells of a process: of its status, where it waits, its cgroup.

    Raises OSError.
    """
    status = proc.fields(proc.text(pid, "status"))
    found = {name: status[name] for name in _TOLD if name in status}
    if waits := wchan(pid):
        found["wchan"] = waits
    if call := _syscall(pid):
        found["syscall"] = call
    found["cgroup"] = _cgroup(pid)
    return found


def wchan(pid: int) -> str | None:
    """Return the kernel's function in which a process waits; None if that is hidden."""
    try:
        name = proc.text(pid, "wchan").strip()
    except OSError:
        return None
    return None if name in ("", "0") else name


def kernel_stack(pid: int) -> tuple[str, ...]:
    """Return the kernel's stack, innermost frame first; raises OSError.

    It is for root alone, so a daemon that is none has no permission.
    """
    lines = proc.text(pid, "stack").splitlines()[:_FRAMES]
    return tuple(line.partition("] ")[2] or line for line in lines)


def limits(pid: int) -> dict[str, str]:
    """Return the limits in force as ``soft of hard``; raises OSError."""
    head, *rows = proc.text(pid, "limits").splitlines()
    soft, hard, units = (head.index(word) for word in ("Soft", "Hard", "Units"))
    return {
        row[:soft].strip().removeprefix("Max "): (
            f"{row[soft:hard].strip()} of {row[hard:units].strip()}"
        )
        for row in rows
    }


def _syscall(pid: int) -> str | None:
    """The number of the system call that it is in, or ``running``."""
    try:
        return proc.text(pid, "syscall").split(" ", 1)[0].strip() or None
    except OSError:
        return None


def _cgroup(pid: int) -> str:
    lines = proc.text(pid, "cgroup").splitlines()
    unified = [line[3:] for line in lines if line.startswith("0::")]
    return unified[0] if unified else ""
