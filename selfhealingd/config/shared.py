"""Logs that several programs write to, while lines in them tell how one of them is.

It is no mistake: who wrote a line can't be told from the file, so it is only warned of.
"""

from collections.abc import Iterator
from pathlib import Path

from selfhealingd.config.settings import Config
from selfhealingd.core.output import logs
from selfhealingd.core.probe import LogLine, LogSilence
from selfhealingd.core.readiness import Line


def shared_signs(config: Config) -> tuple[str, ...]:
    """Warn of each log in which one program's lines count for another."""
    writers: dict[Path, list[str]] = {}
    for name, launch in config.launches.items():
        for path in logs(launch.stdout, launch.stderr):
            writers.setdefault(path, []).append(name)
    return tuple(
        _warning(path, names, keys)
        for path, names in writers.items()
        if len(names) > 1 and (keys := [*_keys(config, names)])
    )


def _keys(config: Config, names: list[str]) -> Iterator[str]:
    for name in names:
        program = config.policy.programs[name]
        table = f"program.{program.copy_of or name}"
        if program.readiness is not None and isinstance(program.readiness.sign, Line):
            alone = "" if program.asked_later else f" (or {table}.readiness.log)"
            yield f"{table}.startup.log{alone}"
        probes = config.probes.get(name)
        liveness = probes.liveness if probes is not None else None
        match liveness and liveness.what:
            case LogLine():
                yield f"{table}.liveness.log"
            case LogSilence():
                yield f"{table}.liveness.silence"


def _warning(path: Path, names: list[str], keys: list[str]) -> str:
    return (
        f"{', '.join(dict.fromkeys(keys))}: {', '.join(names)} all write to {path}, so"
        " that a line of one counts for another; give each log files of its own, or"
        " use another sign"
    )
