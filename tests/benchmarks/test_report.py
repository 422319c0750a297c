from benchmarks.goals import verdicts
from benchmarks.outcome import Outcome, Plan
from benchmarks.report import notes, tables


def outcome(peer: str, **figures: float) -> Outcome:
    made = Outcome(peer, "1.0")
    for name, value in figures.items():
        made.put(name, 200, value)
    return made


def test_each_figure_stands_beside_its_ratio() -> None:
    """A peer's row has its figure with unit, and what it is as a multiple of ours."""
    ours = outcome("selfhealingd", restart_p50_ms=2.0, pss_mib=30.0)
    theirs = outcome("runit", restart_p50_ms=3.0, pss_mib=15.0)
    text = tables([ours, theirs], Plan(programs=(200,)))
    assert ["runit", "1.0", "3.00", "ms"] == row(text, "runit 1.0")[:4]
    assert ["runit", "1.50", "x"] == row(text, "runit  ")[:3]
    assert "0.50 x" in text


def test_a_figure_that_is_missing_is_a_dash() -> None:
    """What was not measured shows as a dash, in the ratios too."""
    ours = outcome("selfhealingd", restart_p50_ms=2.0)
    text = tables([ours, outcome("monit")], Plan(programs=(200,)))
    assert ["monit", "1.0", *"------"] == row(text, "monit 1.0")
    assert ["monit", *"------"] == row(text, "monit  ")


def test_goals_say_by_how_much_they_were_missed() -> None:
    """A goal is reached at its bound, and missed by a share of the bound."""
    theirs = outcome("runit", restart_p50_ms=2.0)
    reached = verdicts([outcome("selfhealingd", restart_p50_ms=2.0), theirs])
    missed = verdicts([outcome("selfhealingd", restart_p50_ms=3.0), theirs])
    assert reached.endswith("2.00 ms, at most 2.00 ms (1 x runit): reached")
    assert missed.endswith("3.00 ms, at most 2.00 ms (1 x runit): missed by 50 %")


def test_goals_without_figures_are_not_judged() -> None:
    """Without the peer that a goal is measured by, nothing is said of it."""
    assert "" == verdicts([outcome("selfhealingd", restart_p50_ms=2.0)])


def test_what_was_not_measured_is_named_with_the_reason() -> None:
    """A missing peer and a failed part each get a line that says why."""
    failed = outcome("monit")
    failed.notes.append("1000 programs: only 280 of 1000 programs ran after 60 s")
    text = notes([failed], {"pm2": "cannot find npm on PATH"})
    assert text.splitlines() == [
        "pm2: not measured: cannot find npm on PATH",
        "monit: 1000 programs: only 280 of 1000 programs ran after 60 s",
    ]


def row(text: str, start: str) -> list[str]:
    [line] = [line for line in text.splitlines() if line.startswith(start)][:1]
    return line.split()
