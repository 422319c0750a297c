"""What can't be read is told in a person's words, with what was meant."""

import pytest

from selfhealctl.mistyped import in_words, meant, no_command

KNOWN = ("status", "start", "restart", "drill", "incidents")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("inc", "did you mean incidents? all of them: selfhealctl --help"),
        ("stauts", "did you mean status or start? all of them: selfhealctl --help"),
        ("list", "here it is: selfhealctl status; all of them: selfhealctl --help"),
        ("drll", "did you mean drill? all of them: selfhealctl --help"),
        ("xyzzy", "all of them: selfhealctl --help"),
    ],
)
def test_a_command_that_there_is_not(word: str, hint: str) -> None:
    """Its beginning, a slip, or another program's word for it leads to ours."""
    assert hint == no_command(word, KNOWN)


def test_nobody_is_led_to_fail_something_on_purpose() -> None:
    """By the word for ending it."""
    assert "drill" not in no_command("kill", KNOWN)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            "Invalid value for '-w': 0.0 is not in the range 0.1<=x<=3600.",
            "invalid value for '-w': expected 0.1 to 3600, got 0.0",
        ),
        (
            "Invalid value for '-n': -5 is not in the range x>=0.",
            "invalid value for '-n': -5 is less than 0",
        ),
        (
            "Invalid value for '-w': '1x' is not a valid float range.",
            "invalid value for '-w': '1x' is no number",
        ),
        ("Got unexpected extra argument (web)", "this is too much: web"),
        ("Got unexpected extra argument(s) (a b)", "this is too much: a b"),
        (
            "No such option: --wacth (Possible options: --watch)",
            "no such option: --wacth; did you mean --watch?",
        ),
        ("Missing argument 'NAME'.", "missing argument 'NAME'"),
    ],
)
def test_its_words_are_a_persons(told: str, words: str) -> None:
    """None of click's types and ranges; what is plain stays."""
    assert words == in_words(told)


@pytest.mark.parametrize(
    ("command", "typed", "hint"),
    [
        ("signal", ["-9", "web"], "without the dash: selfhealctl signal 9 web"),
        ("tasks", ["-w", "x"], "it takes seconds, as: selfhealctl tasks --watch 5"),
        ("explain", ["a", "b"], "one at a time; several: selfhealctl status a b"),
        ("stop", ["--now", "web"], None),
    ],
)
def test_what_was_meant(command: str, typed: list[str], hint: str | None) -> None:
    """As others have it; nothing where nobody knows."""
    assert hint == meant(command, typed, "this is too much: b")
