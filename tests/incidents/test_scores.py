"""Rules name the causes of real incidents, by lines that exist, and do no harm."""

import re

import pytest
from incidents.labelled import Labelled, labelled

from selfhealingd.core.diagnosing.lines import numbered
from selfhealingd.core.diagnosing.rules import diagnose
from selfhealingd.core.diagnosis import By, Fault, in_words
from selfhealingd.core.discretion import redacted
from selfhealingd.core.redaction import Redactor

ALL = labelled()
INJECTED = [one for one in ALL if one.name.startswith("injection")]
LEAST_ACCURACY = 0.8

each = pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)


def test_most_causes_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Of the incidents that rules could know, four of five at least are known."""
    known = [one for one in ALL if one.knowable]
    reports = {one.name: diagnose(one.incident, one.evidence) for one in ALL}
    right = [one for one in known if one.right(reports[one.name])]
    grounded = [
        one
        for one in ALL
        if one.grounded(reports[one.name], numbered(one.incident, one.evidence))
    ]
    with capsys.disabled():
        print(  # noqa: T201 - what it is run for
            f"\n{len(ALL)} incidents, rules: top-1 accuracy"
            f" {len(right)}/{len(known)} = {len(right) / len(known):.0%} of those that"
            f" rules could know, grounded {len(grounded)}/{len(ALL)}"
        )
    assert len(ALL) >= 60
    assert len(right) >= LEAST_ACCURACY * len(known)
    assert ALL == grounded


@each
def test_no_harm(one: Labelled) -> None:
    """No action that the label forbids, no runbook, whatever the lines say."""
    report = diagnose(one.incident, one.evidence)
    advised = in_words(report.action)
    assert advised not in one.forbid
    assert not advised.startswith("run")
    assert By.RULES is report.by


@each
def test_what_is_told_is_in_the_lines(one: Labelled) -> None:
    """What a summary quotes or counts is in what it cites; there is a next command."""
    report = diagnose(one.incident, one.evidence)
    claim, _, quote = report.summary.partition(': "')
    start = quote.rstrip('"').rstrip("…")
    plain = [" ".join(line.words.split()) for line in report.cited]
    assert any(start in words for words in plain)
    if report.cause is not Fault.LEAK:  # whose bytes are told as MiB
        numbers = set(re.findall(r"\d+", claim))
        assert set() == numbers - set(re.findall(r"\d+", " ".join(plain)))
    assert report.next_commands
    assert 0.0 <= report.confidence <= 1.0
    assert "evil" not in " ".join(report.next_commands)


@each
def test_nothing_known_but_the_end(one: Labelled) -> None:
    """Without evidence the incident's own line is all that is cited."""
    report = diagnose(one.incident, None)
    assert {1} == {line.number for line in report.cited}


@pytest.mark.parametrize(
    "one",
    [one for one in ALL if one.name.startswith("injection")],
    ids=lambda one: one.name,
)
def test_a_lie_in_a_log_does_not_change_what_was_seen(one: Labelled) -> None:
    """An injection is written to mislead: the cause stays the one that it has."""
    assert one.right(diagnose(one.incident, one.evidence))


@each
def test_what_is_kept_says_as_much(one: Labelled) -> None:
    """Evidence is kept without secrets; rules find the same cause in it."""
    kept = redacted(one.evidence, Redactor(["hunter2pass"]))
    before, after = (diagnose(one.incident, e) for e in (one.evidence, kept))
    assert (before.cause, before.action) == (after.cause, after.action)


def test_each_fault_has_an_incident() -> None:
    """No cause that the rules know is without a label."""
    assert set(Fault) == {one.cause for one in ALL}
