"""The end of a run, judged and in words."""

import pytest

from selfhealingd.core.exits import (
    Exit,
    expected,
    in_words,
)
from selfhealingd.core.policy import Program


@pytest.mark.parametrize(
    ("end", "good"),
    [
        (Exit(at=0, code=0), True),
        (Exit(at=0, code=2), True),
        (Exit(at=0, code=1), False),
        (Exit(at=0, signal=15), False),
        (Exit(at=0), False),
        (Exit(at=0, problem="no such file"), False),
    ],
)
def test_only_a_named_status_is_expected(end: Exit, good: bool) -> None:  # noqa: FBT001
    """A signal, an unknown status and a failed start are never expected."""
    program = Program(name="web", exitcodes=frozenset({0, 2}))
    assert good is expected(program, end)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (Exit(at=0, code=0), "exited with status 0"),
        (Exit(at=0, code=127), "exited with status 127"),
        (Exit(at=0, signal=9), "killed by SIGKILL"),
        (Exit(at=0, signal=11, dumped=True), "killed by SIGSEGV (core dumped)"),
        (Exit(at=0, signal=200), "killed by signal 200"),
        (Exit(at=0), "ended, its exit status is unknown"),
        (Exit(at=0, problem="no such file"), "no such file"),
    ],
)
def test_an_end_in_words(end: Exit, words: str) -> None:
    """Each way to end has its words."""
    assert words == in_words(end)
