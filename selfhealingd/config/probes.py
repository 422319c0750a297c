"""``liveness``: whether what is up is well, of a program or of anything else."""

from pathlib import Path

import msgspec

from selfhealingd.config.asks import ASKS, ask_of, check_company, one_kind
from selfhealingd.config.mistakes import Spot
from selfhealingd.config.schema import LivenessTable
from selfhealingd.config.socketpath import check_socket_path
from selfhealingd.core.probe import Heartbeat, LogLine, LogSilence, Probe, What

KINDS = (*ASKS, "heartbeat", "log", "silence")
_NUMBERS = ("period", "timeout", "failure_threshold", "success_threshold")
_MEANINGLESS = {
    "heartbeat": frozenset(_NUMBERS),
    "silence": frozenset(_NUMBERS),
    "log": frozenset({"timeout"}),
}


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What can be had of a service besides its answers.

    ``logs``: files that it writes to, through us. ``notify``: the socket at which it
    can say how it is; None for what is not started by us.
    """

    logs: tuple[Path, ...] = ()
    notify: Path | None = None


def liveness_of(table: LivenessTable | None, spot: Spot, reach: Reach) -> Probe | None:
    """Return how a service is probed; notes what can't be, or can't be together."""
    if table is None:
        return None
    kind = one_kind(table, KINDS, spot, "kind of probe")
    if kind is None:
        return None
    check_company(table, kind, spot)
    what = _what(table, kind, spot)
    if what is None:
        return None
    _check_reach(what, kind, spot, reach)
    meaningless = _MEANINGLESS.get(kind, frozenset())
    numbers = {"failure_threshold": 1} if kind not in ASKS else {}
    for key in _NUMBERS:
        value = getattr(table, key)
        if value is not None and key in meaningless:
            spot.at(key).wrong(f"it means nothing with {kind}", "leave it out")
        elif value is not None:
            numbers[key] = value
    return Probe(what=what, ladder=table.ladder or (), **numbers)


def _what(table: LivenessTable, kind: str, spot: Spot) -> What | None:
    if table.heartbeat is not None:
        return Heartbeat(table.heartbeat)
    if table.log is not None:
        return LogLine(table.log)
    if table.silence is not None:
        return LogSilence(table.silence)
    return ask_of(table, kind, spot)


def _check_reach(what: What, kind: str, spot: Spot, reach: Reach) -> None:
    here = spot.at(kind)
    match what:
        case Heartbeat() if reach.notify is None:
            here.wrong("only of a program that is started here", "ask it otherwise")
        case Heartbeat() if reach.notify is not None:
            hint = "set daemon.runtime_dir to a shorter one"
            check_socket_path(reach.notify, here, hint)
        case LogLine() | LogSilence() if not reach.logs:
            here.wrong(
                "it writes to no log file that could be looked at",
                "let stdout_logfile or stderr_logfile be one",
            )
        case _:
            pass
