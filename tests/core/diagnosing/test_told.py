"""Whoever may only look is told the cause, and nothing that a program wrote."""

import msgspec
import pytest

from selfhealingd.core.diagnosing.told import MOST_CITED, told
from selfhealingd.core.diagnosis import By, Fault, Line, Report
from selfhealingd.core.remedy import Hold

REPORT = Report(
    cause=Fault.MISSING_FILE,
    summary="/etc/bot/passcode is missing",
    confidence=0.84,
    action=Hold(),
    by=By.RULES,
    cited=tuple(
        Line(number=n, part="output /var/log/bot.log", words="no passcode", said=True)
        for n in range(1, 20)
    ),
    next_commands=("namei -l /etc/bot/passcode",),
)


def test_all_of_it() -> None:
    """An operator reads the summary, a few lines with their numbers, the commands."""
    found = told(REPORT, operator=True)
    assert ("missing file", "hold", "rules") == (found.cause, found.action, found.by)
    assert REPORT.summary == found.summary
    assert list(range(1, MOST_CITED + 1)) == [one.number for one in found.cited]
    assert REPORT.next_commands == found.next_commands


@pytest.mark.parametrize("fault", Fault)
def test_the_heart_of_it(fault: Fault) -> None:
    """Each cause has words that say nothing of whoever's files and hosts."""
    found = told(msgspec.structs.replace(REPORT, cause=fault), operator=False)
    assert fault.value == found.cause
    assert found.summary
    assert "passcode" not in msgspec.json.encode(found).decode()
