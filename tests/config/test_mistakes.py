"""Mistakes are one readable line each."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.config.mistakes import (
    ConfigError,
    Mistake,
    Pointer,
    Spot,
    likely,
    printable,
    show,
)


def test_str() -> None:
    """A mistake names file, key, problem and what may help."""
    mistake = Mistake(Path("/x.toml"), "a.b", "unknown key", 'did you mean "c"?')
    assert '/x.toml: a.b: unknown key; did you mean "c"?' == str(mistake)
    assert "/x.toml: is empty" == str(Mistake(Path("/x.toml"), "", "is empty"))


def test_error_has_a_line_for_each() -> None:
    """The error's text is its mistakes, one a line, whatever they contain."""
    error = ConfigError(
        (Mistake(Path("/x"), "a", "bad\nworse"), Mistake(Path("/x"), "b", "\x1b[2J"))
    )
    assert "/x: a: bad\\nworse\n/x: b: \\x1b[2J" == str(error)


@pytest.mark.parametrize(
    ("text", "column", "caret"),
    [
        ("cpu > 90", 7, "    cpu > 90\n          ^"),
        ("cpu", 5, "    cpu\n        ^"),
        ("c\tu > 9", 7, "    c\\tu > 9\n           ^"),
        ("", 1, "    \n    ^"),
    ],
)
def test_a_place_within_a_value(text: str, column: int, caret: str) -> None:
    """It is told by its column, and shown by a caret where there is room."""
    noted: list[Mistake] = []
    spot = Spot(Path("/x"), {}, noted).at("rules").item(0)
    spot.wrong("no", "but", Pointer(text, column))
    [mistake] = noted
    assert f"/x: rules[0]: column {column}: no; but" == str(mistake)
    assert f"{mistake}\n{caret}" == str(ConfigError((mistake,)))


def test_spot_keys() -> None:
    """Keys are dotted, and quoted where TOML would quote them."""
    noted: list[Mistake] = []
    spot = Spot(Path("/x"), {}, noted)
    spot.at("program").at("a b").at("umask").wrong("no")
    spot.at("").wrong("no")
    assert ['program."a b".umask', '""'] == [mistake.key for mistake in noted]


@pytest.mark.parametrize(
    ("word", "suggestion"),
    [
        ("stopsignl", 'did you mean "stopsignal"?'),
        ("UMASK", 'did you mean "umask"?'),
        ("zebra", ""),
    ],
)
def test_likely(word: str, suggestion: str) -> None:
    """A slip is recognised, a different word is not."""
    assert suggestion == likely(word, ["stopsignal", "umask"])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("soon", '"soon"'),
        (True, "true"),
        (3, "3"),
        pytest.param(10**5000, "a huge number", id="huge"),
        ([5, "x"], '[5, "x"]'),
        ([[1]], "a list"),
        ({}, "a table"),
        ("x" * 100, '"' + "x" * 60 + '…"'),
    ],
)
def test_show(value: object, shown: str) -> None:
    """Values look as in TOML, and are never long."""
    assert shown == show(value)


@given(st.text(st.characters(exclude_categories=[])))
def test_printable(text: str) -> None:
    """Any text becomes one line that can be encoded."""
    assert printable(text).isprintable()
    assert isinstance(printable(text).encode(), bytes)
