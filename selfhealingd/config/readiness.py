"""``startup`` and ``readiness``: what makes a program RUNNING, and keeps it ready."""

from pathlib import Path

import msgspec

from selfhealingd.config.asks import ASKS, ask_of, check_company, one_kind
from selfhealingd.config.mistakes import Spot
from selfhealingd.config.schema import ReadinessTable, StartupTable
from selfhealingd.config.socketpath import check_socket_path
from selfhealingd.core.ask import Ask, Connect
from selfhealingd.core.probe import Probe
from selfhealingd.core.readiness import Answers, Line, Notify, Readiness, Sign

SIGNS = ("notify", "log", *ASKS)
_TRIES = ("period", "timeout")
_THRESHOLDS = ("failure_threshold", "success_threshold")
_ANSWER_SECS = 3.0


class Signs(msgspec.Struct, frozen=True, kw_only=True):
    """What a program has to show to be RUNNING, and to be ready from then on.

    ``ask``: what is asked where an answer is the sign. ``later``: that it is ready is
    not known from its start.
    """

    gate: Readiness | None = None
    ask: Ask | None = None
    probe: Probe | None = None
    later: bool = False


def signs_of(
    startup: StartupTable | None,
    readiness: ReadinessTable | None,
    spot: Spot,
    *,
    socket: Path,
    logs: tuple[Path, ...],
) -> Signs:
    """Return the signs of a program; notes what can't be true together.

    ``socket`` is where it would notify us, ``logs`` are the files that it writes to. A
    sign that can't be made out is left out.
    """
    starts = _signs(startup, spot.at("startup"), socket=socket, logs=logs)
    stays = _signs(readiness, spot.at("readiness"), socket=socket, logs=logs)
    if startup is None or readiness is None:
        return stays if startup is None else starts
    if stays.gate is not None and stays.probe is None:
        spot.at("readiness").wrong(
            "with startup beside it, whether it is ready has to be asked",
            f"use one of {', '.join(ASKS)}",
        )
    return Signs(gate=starts.gate, ask=starts.ask, probe=stays.probe, later=True)


def _signs(
    table: StartupTable | None, spot: Spot, *, socket: Path, logs: tuple[Path, ...]
) -> Signs:
    if table is None:
        return Signs()
    kind = one_kind(table, SIGNS, spot, "sign of readiness")
    if kind is None:
        return Signs()
    check_company(table, kind, spot)
    ask = ask_of(table, kind, spot)
    sign = _sign(table, ask)
    if isinstance(sign, Notify):
        hint = "set daemon.runtime_dir to a shorter one"
        check_socket_path(socket, spot.at("notify"), hint)
    if isinstance(sign, Line) and not logs:
        spot.at("log").wrong(
            "it writes to no log file in which the line could be looked for",
            "let stdout_logfile or stderr_logfile be one",
        )
    if ask is None:
        for key in (*_TRIES, *_THRESHOLDS):
            if getattr(table, key, None) is not None:
                spot.at(key).wrong(
                    f"nothing is tried again and again with {kind}",
                    "leave it out; the limit for the whole start is within",
                )
    answers = isinstance(sign, Answers)
    return Signs(
        gate=_gate(table, sign),
        ask=ask if answers else None,
        probe=_probe(table, ask) if isinstance(table, ReadinessTable) else None,
    )


def _gate(table: StartupTable, sign: Sign) -> Readiness:
    usual = Readiness(sign=sign)
    timeout = _ANSWER_SECS if isinstance(sign, Answers) else usual.timeout
    period = table.period or usual.period
    if isinstance(table, ReadinessTable):
        # How often it is asked once it is RUNNING is too seldom for its start.
        period = min(period, usual.period)
    return Readiness(
        sign=sign,
        within=table.within,
        period=period,
        timeout=table.timeout or timeout,
    )


def _probe(table: ReadinessTable, ask: Ask | None) -> Probe | None:
    if ask is None:
        return None
    values = ((key, getattr(table, key)) for key in (*_TRIES, *_THRESHOLDS))
    return Probe(what=ask, **{key: value for key, value in values if value is not None})


def _sign(table: StartupTable, ask: Ask | None) -> Sign:
    match ask:
        case None:
            return Notify() if table.log is None else Line(table.log)
        case Connect(tls=None, send=None, expect=None):
            # Who listened there before it doesn't count: there is more to look at.
            return ask.place
        case _:
            return Answers(str(ask))
