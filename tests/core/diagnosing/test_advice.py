"""What is advised: little where little is known, a person where no restart helps."""

import pytest

from selfhealingd.core.diagnosing.advice import action
from selfhealingd.core.diagnosis import Action, Fault, NoAction, RestartOnce
from selfhealingd.core.remedy import Hold


@pytest.mark.parametrize("fault", Fault)
def test_a_guess_changes_nothing(fault: Fault) -> None:
    """Whoever is not sure leaves it to what is done anyway."""
    assert NoAction() == action(fault, 0.49)


@pytest.mark.parametrize(("early", "advised"), [(True, Hold()), (False, RestartOnce())])
def test_a_defect(early: bool, advised: Action) -> None:  # noqa: FBT001
    """One that is met while it starts would be met again; another one may not."""
    assert advised == action(Fault.DEFECT, 0.6, early=early)
