"""A table that is written twice is read, and both places are known."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.config.twice import Twice, parse


def test_what_is_right_is_read_as_ever() -> None:
    """Nothing is twice."""
    text = "[a.b]\nx = 1\n[a.c]\ny = 2\n"
    assert (tomllib.loads(text), ()) == parse(text)


def test_both_are_put_together() -> None:
    """The first one's values hold; line ends of Windows count as one."""
    text = "[p.web]\r\nx = 1\r\n[p.web.env]\r\na = 1\r\n[p.web]\r\nx = 2\r\ny = 3\r\n"
    tables, twice = parse(text)
    assert {"p": {"web": {"x": 1, "y": 3, "env": {"a": 1}}}} == tables
    assert (Twice(("p", "web"), 1, 5),) == twice


def test_tables_below_those_written_twice() -> None:
    """A copied program with a table of its own is two slips in one."""
    one = "[p.web]\nx = 1\n[p.web.healing]\nb = 1\n"
    tables, twice = parse(one + one + one)
    assert {"p": {"web": {"x": 1, "healing": {"b": 1}}}} == tables
    assert [1, 1, 3, 3] == sorted(one.first or 0 for one in twice)
    assert [5, 7, 9, 11] == [one.again for one in twice]


def test_a_table_that_was_written_inline_before() -> None:
    """Its line is not known, and it is twice none the less."""
    tables, twice = parse("p = { web = { x = 1 } }\n[p.web]\ny = 1\n")
    assert {"p": {"web": {"x": 1, "y": 1}}} == tables
    assert (Twice(("p", "web"), None, 2),) == twice


@pytest.mark.parametrize(
    "text",
    ["x = 1\nx = 2\n", "[a]\n[a.b]\n[a\n", "x", "\n" * 9 + "]"],
)
def test_what_else_is_wrong_is_told_in_the_parsers_words(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(tomllib.TOMLDecodeError) as expected:
        tomllib.loads(text)
    with pytest.raises(tomllib.TOMLDecodeError) as raised:
        parse(text)
    assert str(expected.value) == str(raised.value)


def test_there_is_an_end_to_patience() -> None:
    """A file that is nothing but copies is told of as the parser does."""
    with pytest.raises(tomllib.TOMLDecodeError, match="at line 102"):
        parse("[a]\n" * 1000)


@given(st.lists(st.sampled_from(["[a]", "[a.b]", "[b]", "x = 1", "y = 'z'", ""])))
def test_any_tables_in_any_order(lines: list[str]) -> None:
    """It ends, with tables or the parser's complaint about something else."""
    try:
        tables, twice = parse("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        assert "overwrite" in str(error)  # noqa: PT017
    else:
        assert all(one.first and one.first < one.again for one in twice)
        assert not any("again" in key for key in tables)
