"""The end of a run, judged and in words."""

import pytest

from selfhealingd.core.exits import (
    Exit,
    expected,
    in_words,
    signal_name,
    signal_number,
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


def test_signals_have_their_names() -> None:
    """A signal without a name is called by its number."""
    assert ["SIGTERM", "SIGHUP", "signal 99"] == [signal_name(n) for n in (15, 1, 99)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("HUP", 1),
        ("SIGHUP", 1),
        ("sigusr1", 10),
        ("9", 9),
        ("0", None),
        ("999", None),
        ("-1", None),
        ("SIGNONE", None),
        ("", None),
    ],
)
def test_a_signal_by_name_or_number(text: str, number: int | None) -> None:
    """With or without SIG, in any case; None for what is none."""
    assert number == signal_number(text)
