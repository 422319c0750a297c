"""``[program.NAME.readiness]``: the one sign that makes a program ready."""

from pathlib import Path

from selfhealingd.config.mistakes import Spot
from selfhealingd.config.schema import ReadinessTable
from selfhealingd.config.socketpath import check_socket_path
from selfhealingd.core.readiness import Line, Notify, Readiness, Sign, Tcp, Unix

_SIGNS = ("notify", "log", "tcp", "unix")
_TRIES = ("period", "timeout")


def readiness_of(
    table: ReadinessTable | None,
    spot: Spot,
    *,
    socket: Path,
    logs: tuple[Path, ...],
) -> Readiness | None:
    """Return what makes a program ready; notes what can't be true together.

    ``socket`` is where it would notify us, ``logs`` are the files that it writes to.
    None also where no sign can be made out of the table.
    """
    if table is None:
        return None
    written = [key for key in _SIGNS if getattr(table, key)]
    if len(written) != 1:
        _complain(written, spot)
        return None
    sign = _sign(table, spot)
    if isinstance(sign, Notify):
        hint = "set daemon.runtime_dir to a shorter one"
        check_socket_path(socket, spot.at("notify"), hint)
    if isinstance(sign, Line) and not logs:
        spot.at("log").wrong(
            "it writes to no log file in which the line could be looked for",
            "let stdout_logfile or stderr_logfile be one",
        )
    values = ((key, getattr(table, key)) for key in _TRIES)
    tries = {key: value for key, value in values if value is not None}
    if not isinstance(sign, Tcp | Unix):
        for key in tries:
            spot.at(key).wrong(
                f"nothing is tried again and again with {written[0]}",
                "leave it out; the limit for the whole start is within",
            )
    return Readiness(sign=sign, within=table.within, **tries)


def _complain(written: list[str], spot: Spot) -> None:
    if written:
        spot.wrong(
            f"more than one sign of readiness: {', '.join(written)}",
            "leave one of them",
        )
    else:
        spot.wrong("no sign of readiness", f"set one of {', '.join(_SIGNS)}")


def _sign(table: ReadinessTable, spot: Spot) -> Sign:
    if table.log is not None:
        return Line(table.log)
    if table.tcp is not None:
        return Tcp(*table.tcp)
    if table.unix is not None:
        path = spot.folder / table.unix
        check_socket_path(path, spot.at("unix"))
        return Unix(str(path))
    return Notify()
