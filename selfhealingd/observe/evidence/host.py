"""How the host was: pressure, load, memory. A few reads that never wait."""

from pathlib import Path

_PROC = Path("/proc")
_MEMORY = ("MemTotal", "MemAvailable", "SwapTotal", "SwapFree")


def host(folder: Path = _PROC) -> dict[str, str]:
    """Return what can be told of it, in words; what this kernel lacks is missing."""
    found = {}
    for what in ("cpu", "memory", "io"):
        if said := _read(folder / "pressure" / what):
            found[f"pressure {what}"] = said.splitlines()[0].partition(" total=")[0]
    if load := _read(folder / "loadavg"):
        found["load"] = " ".join(load.split()[:3])
    rows = (line.partition(":") for line in _read(folder / "meminfo").splitlines())
    memory = {name: " ".join(value.split()) for name, _, value in rows}
    return found | {name: memory[name] for name in _MEMORY if name in memory}


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
