"""What the end of a command says."""

import pytest

from selfhealingd.core.ask import Answer, failed, ok, unknown
from selfhealingd.observe.probes.command import Ended, meaning


@pytest.mark.parametrize(
    ("ended", "answer"),
    [
        (Ended(code=0, tail="all is well"), ok("exit status 0")),
        (Ended(code=2), failed("exit status 2", "exit status 2")),
        (
            Ended(code=1, tail="first\n it is\tdown\n"),
            failed("exit status 1: first it is down", "exit status 1"),
        ),
        (Ended(signal=11), failed("killed by SIGSEGV", "killed by SIGSEGV")),
        (Ended(timed_out=True, signal=15), failed("it has not ended within 3 s")),
        (
            Ended(timed_out=True, left=2),
            failed("it has not ended within 3 s; 2 processes of it can't be ended"),
        ),
        (
            Ended(problem="cannot start 'x': not found"),
            unknown("cannot start 'x': not found"),
        ),
        (Ended(), unknown("how it ended is not known")),
    ],
)
def test_meaning(ended: Ended, answer: Answer) -> None:
    """Status 0 is well; what never began has not failed."""
    assert answer == meaning(ended, 3)
