"""Remedies as operators write them."""

import pytest

from selfhealingd.core import remedy
from selfhealingd.core.remedy import (
    BadRemedy,
    Hold,
    Reload,
    Remedy,
    Restart,
    RestartDependents,
    Run,
    SendSignal,
)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("reload", Reload()),
        ("signal HUP", SendSignal(1)),
        ("signal USR1", SendSignal(10)),
        ("restart", Restart()),
        ("restart-dependents", RestartDependents()),
        ("run clear-cache", Run("clear-cache")),
        ("hold", Hold()),
    ],
)
def test_words_and_remedy_are_the_same(words: str, meant: Remedy) -> None:
    """What was read is told as it was written."""
    assert meant == remedy.parse(words)
    assert words == remedy.in_words(meant)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("", "one of reload, restart"),
        ("reboot", "one of reload, restart"),
        ("signal", "one of reload"),
        ("signal NOPE", "no signal 'NOPE'"),
        ("run", "run RUNBOOK"),
        ("run two words", "run RUNBOOK"),
    ],
)
def test_other_words_are_refused(words: str, problem: str) -> None:
    """Who mistypes is told what there is."""
    with pytest.raises(BadRemedy, match=problem):
        remedy.parse(words)
