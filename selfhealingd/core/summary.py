"""The state of everything in one line, for where there is room for one.

Such as the status text of a systemd unit: "12 programs: 11 RUNNING, 1 FATAL (web);
DORMANT". What is worst is never cut off.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from selfhealingd.core.host import Host, living
from selfhealingd.core.life import Fatal, label
from selfhealingd.core.policy import Kind
from selfhealingd.core.report import Problem

NAMED = 5
"""As many programs are named; of more, the number says enough."""

_ORDER = ("RUNNING", "STARTING", "STOPPING", "STOPPED", "EXITED", "BACKOFF", "FATAL")


def summary(host: Host, problems: Sequence[Problem]) -> str:
    """Say it; ``problems``: those that the shell knows of."""
    if host.shutting_down:
        return f"stopping: {_programs(len(living(host)))} left"
    return "; ".join(_parts(host, problems))


def _parts(host: Host, problems: Sequence[Problem]) -> Iterator[str]:
    states = Counter(label(s.life) for s in host.services.values())
    counts = [f"{states[s]} {s}{_names(host, s)}" for s in _ORDER if states[s]]
    number = _services(host)
    yield f"{number}: {', '.join(counts)}" if counts else number
    if host.dormant:
        yield "DORMANT"
    if not host.flags.auto_healing:
        yield "healing is switched off"
    if problems:
        critical = sum(problem.critical for problem in problems)
        number = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        yield f"{number}, {critical} CRITICAL" if critical else number


def _names(host: Host, state: str) -> str:
    if state != "FATAL":
        return ""
    names = [s.name for s in host.services.values() if isinstance(s.life, Fatal)]
    more = ", ..." if len(names) > NAMED else ""
    return f" ({', '.join(names[:NAMED])}{more})"


def _services(host: Host) -> str:
    watches = sum(s.kind is Kind.WATCH for s in host.services.values())
    programs = len(host.services) - watches
    if not watches:
        return _programs(programs)
    watched = "1 watch" if watches == 1 else f"{watches} watches"
    return f"{_programs(programs)}, {watched}" if programs else watched


def _programs(number: int) -> str:
    return "1 program" if number == 1 else f"{number} programs"
