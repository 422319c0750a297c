"""Exercises: whether a service may be made to fail on purpose, and what came of it.

A drill shows on a real process that its failure is noticed, healed and told. It is for
services whose config allows it, and never where it could make anything worse.
"""

from collections.abc import Iterable, Iterator
from enum import Enum

import msgspec

from selfhealingd.core.backoff import MAX_SPREAD, delay
from selfhealingd.core.breaker import Closed
from selfhealingd.core.host import Host, Service
from selfhealingd.core.incident import Attempt, Ending, Incident
from selfhealingd.core.leak import RISE
from selfhealingd.core.life import Held, Running, label
from selfhealingd.core.plan import busy
from selfhealingd.core.policy import Autorestart, Healing, Kind, Policy, Program
from selfhealingd.core.probe import LogLine, Probe
from selfhealingd.core.remedy import Hold, Ladder, Reload
from selfhealingd.core.rules.rule import Rule
from selfhealingd.core.spans import span
from selfhealingd.core.treatment import SPAWN_SECS, STOP_SECS

SIGKILL, SIGSTOP, SIGCONT = 9, 19, 18

EVIDENCE_SECS = 5.0
MARGIN_SECS = 15.0


class Drill(Enum):
    """What is done to it."""

    KILL = "kill"
    HANG = "hang"
    LEAK = "leak"
    CRASHLOOP = "crashloop"

    @property
    def signal(self) -> int:
        """What is sent to its process."""
        return SIGSTOP if self is Drill.HANG else SIGKILL


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What the host doesn't know.

    ``allowed``: the service's config has ``drills = true``. ``spent``: so many drills
    began in the last hour, of ``budget``. ``pressure``: the share of time in which
    something waits for CPU or IO, None if that isn't known; up to ``calm`` a drill may
    begin. ``liveness``: how the service is asked whether it is alive. ``leaks``: its
    rules that would notice a leak, of samples each ``interval`` seconds. ``confirmed``:
    who asks knows what a crash loop leaves behind.
    """

    allowed: bool
    spent: int
    budget: int
    pressure: float | None
    calm: float
    liveness: Probe | None = None
    leaks: tuple[Rule, ...] = ()
    interval: float = 5.0
    confirmed: bool = False


class No(msgspec.Struct, frozen=True):
    """Why a drill is refused, and what to do about that."""

    words: str
    do: str


def refusal(
    policy: Policy, host: Host, s: Service, drill: Drill, setting: Setting
) -> No | None:
    """Why there is to be no such drill now; None: there may be one."""
    for found in (
        _by_config(policy.programs[s.name], drill, setting),
        _by_budget(setting),
        _by_engine(host, drill),
        _by_health(policy, host, s),
        _by_loop(policy, host, s, drill, setting),
    ):
        if found is not None:
            return found
    return None


def deadline(program: Program, drill: Drill, setting: Setting) -> float:
    """Seconds after which it is over, healed or not."""
    healing, notice, waits = program.healing, 0.0, 0.0
    tries = 1
    if drill is Drill.HANG and setting.liveness is not None:
        notice = setting.liveness.notice_secs(4.0)
        tries = len(_ladder(program, setting))
    elif drill is Drill.LEAK and setting.leaks:
        notice = RISE * setting.interval + _seen_again(setting)
        tries = max(len(one) for one in _ladders(program, setting))
        waits = _cleared(setting) + _between(healing, range(1, tries))
    window = max(healing.verify_secs, notice)
    once = (
        program.stopwaitsecs + STOP_SECS + SPAWN_SECS + program.longest_start + window
    )
    if drill is Drill.CRASHLOOP:
        rows = range(healing.breaker.open_after)
        waits = _between(healing, rows)
        waits += len(rows) * (SPAWN_SECS + program.longest_start)
    return notice + EVIDENCE_SECS + tries * once + waits + MARGIN_SECS


def stages(
    s: Service, run: int, at: float, evidence: float | None
) -> Iterator[tuple[str, str]]:
    """What came of what was done to that run ``at`` that time, as far as it has.

    ``evidence``: when it was kept, if it was. Each comes with its stage's name.
    """
    found = ours(s, at)
    if found is None:
        return
    yield "noticed", f"after {_after(at, found.opened)}: {found.detail}"
    if evidence is not None:
        yield "evidence", f"kept after {_after(at, evidence)}"
    for one in found.attempts:
        words = f"{one.remedy} (attempt {one.number}) began after"
        yield f"remedy {one.number}", f"{words} {_after(at, one.began)}"
        if one.result is not None and one.ended is not None:
            words = f"{one.result.value} after {_after(at, one.ended)}{_because(one)}"
            yield f"result {one.number}", f"attempt {one.number}: {words}"
    if s.run > run and isinstance(s.life, Running):
        yield f"up {s.run}", f"running again after {_after(at, s.life.at)}"
    if found.ending is not None and found.ended is not None:
        words = f"incident {found.id}: {found.ending.value}"
        yield "end", f"{words} after {_after(at, found.ended)}"


def ours(s: Service, at: float) -> Incident | None:
    """The incident that came of what was done ``at`` that time."""
    found = s.incident
    return found if found is not None and found.opened >= at else None


def healed(s: Service, at: float, *, released: bool = False) -> bool | None:
    """How it ended; None: it hasn't.

    ``released``: it was held, and what was done to it is taken back; so it passes.
    """
    found = ours(s, at)
    if found is None or found.ending is None:
        return None
    good = {Ending.HEALED, Ending.PASSED} if released else {Ending.HEALED}
    return found.ending in good


def held(s: Service, at: float) -> bool:
    """Whether its ladder leaves it to a person by now."""
    found = ours(s, at)
    waiting = found.waiting if found is not None and found.open else None
    return waiting is not None and waiting.held is Held.LADDER


def only_told(program: Program, rule: Rule) -> bool:
    """Whether nothing is done about a rule but to tell it."""
    return isinstance((rule.ladder or program.healing.ladder)[0], Hold)


def summary(s: Service, at: float) -> str:
    """The whole of it, in a line."""
    found = ours(s, at)
    if found is None:
        return "not noticed"
    words = f"noticed after {_after(at, found.opened)}"
    if found.attempts:
        first = found.attempts[0]
        words += f", {first.remedy} after {_after(at, first.began)}"
    if found.ending is None or found.ended is None:
        return f"{words}, not healed yet"
    return f"{words}, {found.ending.value} after {_after(at, found.ended)}"


def _by_config(program: Program, drill: Drill, setting: Setting) -> No | None:
    name, table = (
        program.name,
        f"[{program.kind.value}.{program.copy_of or program.name}]",
    )
    if not setting.allowed:
        return No(
            f"{name} takes no drills: its config has to allow them",
            f"write drills = true in {table}, then: selfhealctl reload",
        )
    if drill is Drill.LEAK:
        return _by_rules(program, table, setting)
    if drill is not Drill.HANG:
        if program.kind is Kind.PROGRAM and program.autorestart is Autorestart.NEVER:
            words = f"{name} is never started again (autorestart = never)"
            return No(words, f"see what would be: selfhealctl explain {name}")
        return None
    if setting.liveness is None or isinstance(setting.liveness.what, LogLine):
        return No(
            f"nothing would notice that {name} hangs: it isn't asked whether it is"
            " alive",
            f"write [{program.kind.value}.{program.copy_of or name}.liveness], then:"
            " selfhealctl reload",
        )
    if isinstance(_ladder(program, setting)[0], Hold):
        words = f"nothing would heal {name}: its ladder says hold"
        return No(words, f"see what would be: selfhealctl explain {name}")
    return None


def _by_rules(program: Program, table: str, setting: Setting) -> No | None:
    name = program.name
    if not setting.leaks:
        return No(
            f"nothing would notice that {name} leaks: it has no rule of its memory",
            'write rules = [{ when = "memory > 500MiB for 3 samples", remedy ='
            f' "restart" }}] in {table}, then: selfhealctl reload',
        )
    for ladder in _ladders(program, setting):
        if all(isinstance(one, Reload) for one in ladder):
            words = f"nothing would heal {name}: a leak ends with its run, and its"
            return No(
                f"{words} ladder only reloads it",
                f"see what would be: selfhealctl explain {name}",
            )
    return None


def _by_budget(setting: Setting) -> No | None:
    if setting.spent >= setting.budget:
        drills = "1 drill" if setting.spent == 1 else f"{setting.spent} drills"
        return No(
            f"there were {drills} in the last hour, of {setting.budget} at most",
            "wait, or allow more: max_drills_per_hour in [healing]",
        )
    if setting.pressure is not None and setting.pressure > setting.calm:
        return No(
            f"the host is under pressure: {setting.pressure:.0%} of the time something"
            f" waits for CPU or IO, and drills begin up to {setting.calm:.0%}",
            "wait, or allow more: max_drill_pressure in [healing]",
        )
    return None


def _by_engine(host: Host, drill: Drill) -> No | None:
    if host.dormant:
        words = "the engine is dormant: nothing would be healed"
        return No(words, 'selfhealctl resume --reason "…"')
    if not (host.flags.auto_healing and host.flags.auto_detection):
        words = "automation is off: nothing would be healed"
        return No(words, "selfhealctl flags")
    if drill is Drill.LEAK and not host.flags.process_monitoring:
        words = "nothing is measured: FEATURE_PROCESS_MONITORING_ENABLED is off"
        return No(words, "selfhealctl flags")
    if not isinstance(host.main.state, Closed) or host.main.failures:
        words = "healings have failed lately: this is no time for a drill"
        return No(words, "selfhealctl breakers")
    return None


def _by_health(policy: Policy, host: Host, s: Service) -> No | None:
    if not isinstance(s.life, Running) or s.life.lack is not None:
        lack = getattr(s.life, "lack", None)
        state = f"not ready: {lack}" if lack else label(s.life)
        return No(f"{s.name} is {state}", f"selfhealctl status {s.name}")
    for other in host.services.values():
        if busy(other):
            words = f"{other.name} is being healed right now"
            return No(words, f"selfhealctl show {other.name}")
    for name in (s.name, *_downstream(policy, s.name)):
        other = host.services[name]
        if other.open_incident is not None or other.symptoms:
            return No(f"{name} is not well", f"selfhealctl show {name}")
    if not isinstance(s.breaker.state, Closed) or s.breaker.failures:
        words = f"healings of {s.name} have failed lately: its breaker counts them"
        return No(words, "selfhealctl breakers")
    return None


def _by_loop(
    policy: Policy, host: Host, s: Service, drill: Drill, setting: Setting
) -> No | None:
    if drill is not Drill.CRASHLOOP:
        return None
    if policy.systemic_share * len(host.services) <= 1:
        return No(
            f"a crash loop of {s.name} alone would count against the engine"
            f" (systemic_share {policy.systemic_share:g} of {len(host.services)}"
            " services)",
            f"selfhealctl drill kill {s.name}",
        )
    if not setting.confirmed:
        breaker = policy.programs[s.name].healing.breaker
        waits = sum(
            delay(policy.programs[s.name].healing, n) for n in range(breaker.open_after)
        )
        return No(
            f"a crash loop keeps {s.name} down until its breaker opens, after"
            f" {breaker.open_after} failed healings and at least {span(waits)}; its"
            " breaker is reset afterwards, but the failed healings stay in status and"
            " in the budget of the hour",
            f"selfhealctl drill crashloop {s.name} --yes",
        )
    return None


def _downstream(policy: Policy, name: str) -> list[str]:
    """All who depend on it, also through others."""
    found: list[str] = []
    ahead = [name]
    while ahead:
        for one in policy.dependents.get(ahead.pop(), ()):
            if one not in found:
                found.append(one)
                ahead.append(one)
    return found


def _ladder(program: Program, setting: Setting) -> Ladder:
    own = setting.liveness.ladder if setting.liveness is not None else ()
    return own or program.healing.ladder


def _ladders(program: Program, setting: Setting) -> list[Ladder]:
    """What is tried for each of the rules that would notice a leak."""
    return [rule.ladder or program.healing.ladder for rule in setting.leaks]


def _seen_again(setting: Setting) -> float:
    return max(rule.window_secs(setting.interval) for rule in setting.leaks)


def _cleared(setting: Setting) -> float:
    """Seconds until a rule that is met isn't any more, once it has reason not to be."""
    untils = [msgspec.structs.replace(one, when=one.until) for one in setting.leaks]
    return max(one.window_secs(setting.interval) for one in untils)


def _between(healing: Healing, failures: Iterable[int]) -> float:
    """How long it waits after each of these numbers of failures, at most."""
    return sum(delay(healing, number) for number in failures) * (1 + MAX_SPREAD)


def _after(began: float, at: float) -> str:
    return f"{max(at - began, 0.0):.2f} s"


def _because(one: Attempt) -> str:
    return f", {one.detail}" if one.detail else ""
