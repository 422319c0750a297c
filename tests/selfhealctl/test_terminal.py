"""Colours as they are asked for, and characters that the terminal knows."""

import pytest

from selfhealctl.terminal import (
    PLAIN,
    Colour,
    is_plain,
    settle_colours,
    wants_colours,
    wants_styles,
)


@pytest.mark.parametrize(
    ("environ", "choice", "on_terminal", "in_pipe"),
    [
        ({}, None, True, False),
        ({"TERM": "dumb"}, None, False, False),
        ({"NO_COLOR": "1"}, None, False, False),
        ({"NO_COLOR": ""}, None, True, False),
        ({"CLICOLOR": "0"}, None, False, False),
        ({"CLICOLOR_FORCE": "1"}, None, True, True),
        ({"CLICOLOR_FORCE": "0"}, None, True, False),
        ({"FORCE_COLOR": "1", "CLICOLOR": "0"}, None, True, True),
        ({"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, None, False, False),
        ({"NO_COLOR": "1"}, Colour.ALWAYS, True, True),
        ({"CLICOLOR_FORCE": "1"}, Colour.NEVER, False, False),
        ({"CLICOLOR_FORCE": "1"}, Colour.AUTO, True, True),
    ],
)
def test_what_is_typed_stands_above_variables(
    environ: dict[str, str], choice: Colour | None, *, on_terminal: bool, in_pipe: bool
) -> None:
    """See no-color.org and bixense.com/clicolors."""
    settled = dict(environ)
    settle_colours(settled, None)
    settle_colours(settled, choice)
    assert on_terminal is wants_colours(settled, terminal=True)
    assert in_pipe is wants_colours(settled, terminal=False)


@pytest.mark.parametrize(
    ("environ", "choice", "styled"),
    [
        ({}, None, True),
        ({"NO_COLOR": "1"}, None, True),
        ({"TERM": "dumb"}, None, False),
        ({}, Colour.NEVER, False),
        ({"NO_COLOR": "1"}, Colour.NEVER, False),
    ],
)
def test_never_is_nothing_but_text(
    environ: dict[str, str], choice: Colour | None, *, styled: bool
) -> None:
    """NO_COLOR asks for less: bold is no colour."""
    settled = dict(environ)
    settle_colours(settled, None)
    settle_colours(settled, choice)
    assert styled is wants_styles(settled, terminal=True)
    assert not wants_styles(settled, terminal=False)


@pytest.mark.parametrize(
    ("environ", "plain"),
    [
        ({}, False),
        ({"LANG": "C"}, True),
        ({"LANG": "POSIX"}, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "C", "LC_CTYPE": "de_DE.UTF-8"}, False),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, True),
        ({"LANG": "C.UTF-8"}, False),
        ({"LC_CTYPE": "C.UTF-8"}, False),
    ],
)
def test_a_locale_without_unicode_is_known(
    environ: dict[str, str], *, plain: bool
) -> None:
    """Also where Python has made another of it; none at all is none of those."""
    assert plain is is_plain(environ)


def test_what_a_terminal_does_not_know_is_written_plainly() -> None:
    """Ours in ASCII, all else by its number; nothing raises."""
    words = "…\N{EN DASH}\N{MULTIPLICATION SIGN}ü\udcff\N{SNOWMAN}"
    assert b"...-x\\xfc\\udcff\\u2603" == words.encode("ascii", PLAIN)
