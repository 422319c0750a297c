"""One entry a cause."""

from selfhealingd.core.report import Problem
from selfhealingd.problems import Problems


def test_a_cause_told_again_replaces_what_was_told_before() -> None:
    """The latest words count, and keep their place; cleared, they are gone."""
    problems = Problems()
    problems.set("disk", "full", "free some")
    problems.set("flags", "broken", "mend them", critical=True)
    problems.set("disk", "fuller", "free more")
    assert (
        Problem(words="fuller", do="free more"),
        Problem(words="broken", do="mend them", critical=True),
    ) == problems.all()
    problems.clear("disk")
    problems.clear("never told")
    assert ["broken"] == [problem.words for problem in problems.all()]


async def test_a_change_is_told() -> None:
    """Whoever waits for the next one is woken, once."""
    problems = Problems()
    before = problems.changed
    problems.set("disk", "full", "free some")
    assert before.is_set()
    assert not problems.changed.is_set()
