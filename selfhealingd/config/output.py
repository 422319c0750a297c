"""From the log keys of programs to where their output goes."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from selfhealingd.config.mistakes import Spot
from selfhealingd.config.schema import ProgramTable
from selfhealingd.core.launch import Launch
from selfhealingd.core.output import Elsewhere, LogTo, Target

SPECIAL = {
    "NONE": Elsewhere.NOWHERE,
    "/dev/null": Elsewhere.NOWHERE,
    "JOURNAL": Elsewhere.JOURNAL,
    "/dev/stdout": Elsewhere.STDOUT,
    "/dev/stderr": Elsewhere.STDERR,
}
"""What a log may be called that is no file of the program's own."""

_KEYS = {
    "max_bytes": "logfile_maxbytes",
    "max_age": "logfile_maxage",
    "backups": "logfile_backups",
    "compress": "logfile_compress",
}
_DEFAULTS = ProgramTable()


def read_output(
    table: ProgramTable, name: str, spot: Spot, log_dir: Path
) -> tuple[Target, Target | None]:
    """Return where a program's stdout and stderr go; None: stderr with stdout.

    Relative paths are relative to ``log_dir``. Mistakes are noted at ``spot``.
    """
    stdout = _target(table, "stdout", log_dir / f"{name}.log")
    if not table.redirect_stderr:
        return stdout, _target(table, "stderr", log_dir / f"{name}.err.log")
    for ending in ("logfile", *_KEYS.values()):
        key = f"stderr_{ending}"
        idle = {getattr(_DEFAULTS, key), "NONE"}
        if getattr(table, key) not in idle:
            spot.at(key).wrong(
                "nothing would be written to it: redirect_stderr is true",
                "leave out one of the two",
            )
    return stdout, None


def _target(table: ProgramTable, stream: str, automatic: Path) -> Target:
    written = getattr(table, f"{stream}_logfile")
    if written in SPECIAL:
        return SPECIAL[written]
    path = automatic if written == "AUTO" else automatic.parent / written
    keys = {key: getattr(table, f"{stream}_{end}") for key, end in _KEYS.items()}
    # One file must have one spelling, or it would have two writers.
    return LogTo(path=Path(os.path.normpath(path)), **keys)


def check_shared(launches: Mapping[str, Launch], spots: Mapping[str, Spot]) -> None:
    """Note logs that several write to, but that each would rotate in its own way."""
    first: dict[Path, tuple[str, str, LogTo]] = {}
    noted: set[tuple[str, Path]] = set()  # what is wrong in one copy is so in all
    for name, launch in launches.items():
        for stream, target in (("stdout", launch.stdout), ("stderr", launch.stderr)):
            if not isinstance(target, LogTo):
                continue
            other, its, there = first.setdefault(target.path, (name, stream, target))
            for key, ending in _unlike(target, there):
                spot = spots[name].at(f"{stream}_{ending}")
                if (spot.key, target.path) in noted:
                    continue
                noted.add((spot.key, target.path))
                spot.wrong(
                    f"{_shown(target, key)} for {target.path}, but"
                    f" {_shown(there, key)} for the same file in"
                    f' {its}_{ending} of "{other}"',
                    "give both the same, or a file each",
                )


def _unlike(one: LogTo, other: LogTo) -> list[tuple[str, str]]:
    return [
        (key, ending)
        for key, ending in _KEYS.items()
        if getattr(one, key) != getattr(other, key)
    ]


def _shown(target: LogTo, key: str) -> str:
    return msgspec.json.encode(getattr(target, key)).decode()
