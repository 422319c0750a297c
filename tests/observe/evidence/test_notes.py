"""One part that fails, or hangs, costs no other."""

import threading

import pytest

from selfhealingd.observe.evidence.notes import Notes


def fails(error: Exception) -> object:
    raise error


def test_each_part_by_itself() -> None:
    """What was found, and why the rest was not; what is empty is neither."""
    notes = Notes()
    notes.take("a", lambda: 1)
    notes.take("b", lambda: fails(PermissionError(1, "Operation not permitted")))
    notes.take("c", lambda: fails(ValueError("odd")))
    notes.take("d", tuple)
    notes.take("e", lambda: None)
    assert {"a": 1} == notes.found
    expected = {"b": "operation not permitted", "c": "not understood: odd"}
    assert expected == notes.missing


def test_what_hangs_is_named() -> None:
    """Nobody waits for it, what was found before stays, and it is told which it was."""
    notes = Notes()
    gate, at_it = threading.Event(), threading.Event()

    def hang() -> int:
        at_it.set()
        gate.wait(30)
        return 2

    def look() -> None:
        notes.take("first", lambda: 1)
        notes.take("second", hang)

    thread = threading.Thread(target=look)
    thread.start()
    assert at_it.wait(30)
    notes.give_up("no answer")
    assert {"first": 1} == notes.found
    assert {"second": "no answer"} == notes.missing
    gate.set()
    thread.join()


def test_a_defect_is_not_hidden() -> None:
    """What is no error of the system's goes up, and isn't waited for any more."""
    notes = Notes()
    with pytest.raises(KeyError):
        notes.take("x", lambda: fails(KeyError("x")))
    notes.give_up("no answer")
    assert {} == notes.missing
