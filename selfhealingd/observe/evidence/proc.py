"""Files of ``/proc`` about one process. Each read may block as long as it hangs."""

import os

ENOUGH = 64 * 1024


def read(pid: int, name: str, most: int = ENOUGH) -> bytes:
    """Return the first bytes of ``/proc/PID/NAME``; raises OSError."""
    fd = os.open(f"/proc/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        chunks = []
        while most > 0 and (chunk := os.read(fd, min(most, ENOUGH))):
            chunks.append(chunk)
            most -= len(chunk)
        return b"".join(chunks)
    finally:
        os.close(fd)


def text(pid: int, name: str, most: int = ENOUGH) -> str:
    """Return it as text, whatever bytes are in it; raises OSError."""
    return read(pid, name, most).decode("utf-8", "replace")


def fields(status: str) -> dict[str, str]:
    """Return the lines ``Name: value`` of a status, blanks taken out."""
    pairs = (line.partition(":") for line in status.splitlines())
    return {name: " ".join(value.split()) for name, found, value in pairs if found}


def started(pid: int) -> int | None:
    """Return when a process started, in ticks since boot; None if it is not there."""
    try:
        line = read(pid, "stat")
        # The name may hold blanks and parentheses; starttime is field 22 of proc(5).
        return int(line.rpartition(b") ")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return None
