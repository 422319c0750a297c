"""Why a service is as it is: its state, what was wrong, what comes, what hinders it."""

from collections.abc import Iterator

from msgspec.structs import replace

from selfhealingd.core import flapping, plan, remedy, report
from selfhealingd.core.hindrances import hindrances
from selfhealingd.core.host import Host, Service
from selfhealingd.core.life import Running, alive, label, pid_of
from selfhealingd.core.policy import Policy, Program
from selfhealingd.core.prevention import Prospect
from selfhealingd.core.report import Facts
from selfhealingd.core.spans import span
from selfhealingd.wire.documents import ProgramDocument
from selfhealingd.wire.explanation import ExplanationDocument, HindranceDocument


def explain(
    policy: Policy,
    host: Host,
    s: Service,
    facts: Facts,
    *,
    ahead: Prospect = Prospect(),  # noqa: B008 - it is frozen
    drill: str | None = None,
) -> ExplanationDocument:
    """Write it down; the shell adds what happened before.

    ``ahead``: what is foreseen of it. ``drill``: the one that it is going through.
    """
    program, anchor = policy.programs[s.name], facts.anchor
    ladder, rung = _ladder(host, program, s)
    found = s.open_incident
    return ExplanationDocument(
        program=_with_next(report.program_document(policy, host, s, facts), ahead),
        words=tuple(_words(s, facts, ahead, drill)),
        hindrances=tuple(
            HindranceDocument(
                words=one.words,
                until=None if one.until is None else anchor.rfc3339(one.until),
                do=one.do,
            )
            for one in (*hindrances(policy, host, s, facts.now), *ahead.hindrances)
        ),
        incident=(
            None
            if found is None
            else report.incident_document(found, anchor, facts.logs.get(s.name))
        ),
        ladder=ladder,
        rung=rung,
        limits=_limits(program, s),
    )


def _with_next(program: ProgramDocument, ahead: Prospect) -> ProgramDocument:
    return replace(program, next=program.next or ahead.next)


def _words(
    s: Service, facts: Facts, ahead: Prospect, drill: str | None
) -> Iterator[str]:
    pid = pid_of(s.life)
    process = f", pid {pid}" if pid is not None else ""
    since = span(facts.now - s.life.at)
    state = f"{s.kind.value} {s.name} is {label(s.life)} for {since}"
    yield f"{state} (run {s.run}{process})"
    if drill is not None:
        yield f"a drill is under way ({drill}): it is made to fail on purpose"
    for one in s.symptoms:
        mild = "" if one.failing else ", which is only told"
        yield f"not well for {span(facts.now - one.at)}: {one.words}{mild}"
    if s.exit is not None:
        which = "an earlier run" if alive(s.life) else "its last run"
        ago = span(facts.now - s.exit.at)
        yield f"{which} ended {ago} ago: {report.ended(s)}"
    failing = flapping.in_words(s, facts.now)
    if failing is not None:
        yield f"it {failing}"
    yield from ahead.words
    unseen = facts.unseen.get(s.name, ())
    yield from unseen
    if (
        not (s.symptoms or failing or ahead.words or drill or unseen)
        and s.open_incident is None
        and isinstance(s.life, Running)
    ):
        yield "nothing is known to be wrong with it"


def _ladder(
    host: Host, program: Program, s: Service
) -> tuple[tuple[str, ...], int | None]:
    """The remedies that apply now, and which is next; one that is down is started."""
    if not alive(s.life):
        start = remedy.start_in_words(plan.before_start(host, s))
        return (start,), 0 if s.open_incident is not None else None
    leading = s.leading
    steps = (leading.ladder if leading else ()) or program.healing.ladder
    rung = None
    if leading is not None and s.open_incident is not None:
        rung = min(s.open_incident.failed, len(steps) - 1)
    return tuple(map(remedy.in_words, steps)), rung


def _limits(program: Program, s: Service) -> str | None:
    """What becomes of it when healing fails on."""
    breaker, failures = program.healing.breaker, s.breaker.failures
    if s.breaker.permanent:
        return None
    opens, forever = breaker.open_after - failures, breaker.permanent_after - failures
    row = f"{failures} failed in a row; " if failures else ""
    first = ""
    if opens > 0:
        first = f"after {opens} more its breaker opens for {span(breaker.open_secs)}, "
    return f"{row}{first}after {forever} more it opens for good"
