"""How one rule has fared so far, with the sentence that it is told in."""

from collections.abc import Iterable, Mapping

import msgspec

from selfhealingd.core.rules.hysteresis import FRESH, Tally, Verdict, awaited, judge
from selfhealingd.core.rules.reading import bound, measured, pretended, words
from selfhealingd.core.rules.rule import Clause, Counted, Rule
from selfhealingd.core.sample import Sample

MISSES = 3
"""Samples in a row without what a rule compares, after which it is called blind."""


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """One rule and what was seen of it. ``words``: what was measured, while met.

    ``misses``: how many of the latest samples did not have what it compares;
    ``lack`` says what that was.
    """

    rule: Rule
    tally: Tally = FRESH
    words: str = ""
    misses: int = 0
    lack: str = ""

    @property
    def blind(self) -> bool:
        """Whether there has been nothing to judge by for some time."""
        return self.misses >= MISSES

    @property
    def met(self) -> bool:
        """Whether something is wrong by this rule."""
        return self.tally.sick

    def follows(self, rule: Rule) -> bool:
        """Whether what was seen says the same of another version of the rule."""
        mine = self.rule
        return (mine.when, mine.clear) == (rule.when, rule.clear)


class Settled(msgspec.Struct, frozen=True):
    """Courses by their rules' keys, after other rules came into force.

    ``over``: keys of what was met, and isn't looked for any more in that way.
    ``changed``: of what is met, and is to be told anew.
    """

    courses: dict[str, Course]
    over: tuple[str, ...]
    changed: tuple[str, ...]


def settle(had: Mapping[str, Course], rules: Iterable[Rule]) -> Settled:
    """Let rules that say the same go on as they were, and others begin afresh."""
    wanted = {rule.key: rule for rule in rules}
    kept = {
        key: msgspec.structs.replace(course, rule=wanted[key])
        for key, course in had.items()
        if key in wanted and course.follows(wanted[key])
    }
    fresh = {key: Course(rule=rule) for key, rule in wanted.items()}
    met = [key for key, course in had.items() if course.met]
    return Settled(
        courses={key: kept.get(key, course) for key, course in fresh.items()},
        over=tuple(key for key in met if key not in kept),
        changed=tuple(
            key for key in met if key in kept and had[key].rule != kept[key].rule
        ),
    )


def forget(course: Course) -> Course:
    """Begin anew to see what makes the next edge: there was nothing to see for long."""
    fresh = Tally(sick=course.tally.sick)
    return msgspec.structs.replace(course, tally=fresh)


def look(course: Course, sample: Sample, *, cores: int) -> tuple[Course, Verdict]:
    """Take in one sample, of the service or the host that the rule is about."""
    rule = course.rule
    metric = rule.kind.metric
    if metric is None:
        return course, Verdict.SAME
    clause = awaited(rule, course.tally)
    value, limit = measured(rule.kind, clause.measure.place, sample)
    against = bound(metric, clause.threshold, limit, cores)
    tally, verdict = judge(rule, course.tally, at=sample.at, value=value, bound=against)
    after = _after(course, tally, verdict, value, limit)
    if verdict is Verdict.SICKENED and sample.pretended:
        marked = f"{after.words}{pretended(rule, sample)}"
        after = msgspec.structs.replace(after, words=marked)
    return _missed(after, clause, value, against), verdict


def _missed(
    course: Course, clause: Clause, value: float | None, against: float | None
) -> Course:
    lack = ""
    if value is None:
        lack = f"{clause.measure} can't be measured"
    elif against is None:
        lack = f"{clause.measure} has no limit here, or none that can be read"
    misses = min(course.misses + 1, MISSES) if lack else 0
    return msgspec.structs.replace(course, misses=misses, lack=lack)


def count(course: Course, at: float, starts: "Starts") -> tuple[Course, Verdict]:
    """Look how often something happened of late, for a rule that counts."""
    rule = course.rule
    if not isinstance(rule.when.window, Counted):
        return course, Verdict.SAME
    number = float(starts.within(rule.when.window.secs, at))
    tally, verdict = judge(
        rule, course.tally, at=at, value=number, bound=rule.when.threshold.value
    )
    return _after(course, tally, verdict, number, None), verdict


class Starts(msgspec.Struct, frozen=True):
    """When a service was seen to start: each time, with the number of its run."""

    seen: tuple[tuple[float, int], ...] = ()

    def add(self, at: float, run: int, longest: float) -> "Starts":
        """Note a start; what is older than ``longest`` is forgotten."""
        if self.seen and self.seen[-1][1] == run:
            return self
        seen = (*self.seen, (at, run))
        # One that is older has to stay: it says from which number on to count.
        while len(seen) > 1 and seen[1][0] <= at - longest:
            seen = seen[1:]
        return Starts(seen)

    def within(self, secs: float, now: float) -> int:
        """How many runs began in the latest ``secs``, failed ones among them."""
        if not self.seen:
            return 0
        before = [run for at, run in self.seen if at <= now - secs]
        return self.seen[-1][1] - (before[-1] if before else self.seen[0][1])

    def next_change(self, secs: float, now: float) -> float | None:
        """When the number will have become less by itself; None: it is 0."""
        later = [at + secs for at, _ in self.seen if at + secs > now]
        return min(later, default=None)


def _after(
    course: Course,
    tally: Tally,
    verdict: Verdict,
    value: float | None,
    limit: float | None,
) -> Course:
    said = course.words
    if verdict is Verdict.SICKENED and value is not None:
        said = words(course.rule, value, limit)
    elif verdict is Verdict.RECOVERED:
        said = ""
    return msgspec.structs.replace(course, tally=tally, words=said)
