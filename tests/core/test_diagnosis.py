"""A report speaks the catalogue's words, and no others."""

import pytest

from selfhealingd.core.diagnosis import (
    PLAIN,
    Action,
    BadAction,
    DelayRestart,
    NoAction,
    RestartOnce,
    in_words,
    parse,
)
from selfhealingd.core.remedy import Hold, Run

RUNBOOKS = frozenset({"clear-cache"})


@pytest.mark.parametrize(
    "action",
    [NoAction(), Hold(), DelayRestart(), RestartOnce(), Run("clear-cache")],
    ids=in_words,
)
def test_there_and_back(action: Action) -> None:
    """What an action is called is what it is read from."""
    assert action == parse(in_words(action), RUNBOOKS)


@pytest.mark.parametrize(
    "words",
    ["", "run", "run ", "run rm", "run clear-cache now", "HOLD", "hold\n", "restart"],
)
def test_nothing_else_is_an_action(words: str) -> None:
    """No shell, no other target, no arguments; the refusal names what there is."""
    with pytest.raises(BadAction, match="run clear-cache"):
        parse(words, RUNBOOKS)


def test_no_runbook_without_the_operator() -> None:
    """A runbook that the operator does not have is none."""
    with pytest.raises(BadAction):
        parse("run clear-cache")
    assert 4 == len(PLAIN)
