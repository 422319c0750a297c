"""``%(…)s`` is expanded as supervisord does; variables stay variables."""

import pytest

from selfhealingd.config.expand import expand as ours
from selfhealingd.config.importing.errors import Unusable
from selfhealingd.config.importing.expansion import expand, pairs, rendered, words

ENVIRON = {"A": "one", "B": "two words"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%(here)s/x", "/etc/x"),
        ("%(ENV_A)s-%(ENV_B)s", "${A}-${B}"),
        ("%(ENV_A)s%(ENV_A)s", "${A}${A}"),
        ("100%%", "100%"),
        ("%(process_num)02d", "07"),
        ("%(ENV_A)5s", "  one"),
        ("$%(ENV_A)s", "$one"),
        ("${A} $${A}", "$${A} $$${A}"),
    ],
)
def test_expand(text: str, expected: str) -> None:
    """As a template, and written for our config."""
    template = expand(text, {"here": "/etc", "process_num": 7}, ENVIRON)
    assert expected == rendered(template, ENVIRON)


@pytest.mark.parametrize("text", ["${A}", "$${A}", "$$${", "${", "a$", "$$", "{$}"])
def test_text_is_still_text(text: str) -> None:
    """Nothing that was plain text for supervisord becomes a variable for us."""
    assert text == ours(rendered(expand(text, {}, {}), {}), ENVIRON)


@pytest.mark.parametrize(
    "text", ["%", "%d", "%s", "%%%", "%(no)s", "%(A", "%(ENV_x.y)s", "%(ENV_C)3s"]
)
def test_what_supervisord_refuses(text: str) -> None:
    """It is refused; also where Python would put in everything that it knows."""
    with pytest.raises(Unusable):
        expand(text, {"A": "x"}, ENVIRON)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('A="v,1",B=2', {"A": "v,1", "B": "2"}),
        ("A='x y',\n  B=\"\"", {"A": "x y", "B": ""}),
        ("A=/usr/bin:/bin,", {"A": "/usr/bin:/bin"}),
        ("A=1 # no more", {"A": "1"}),
        ("", {}),
    ],
)
def test_pairs(text: str, expected: dict[str, str]) -> None:
    """As supervisord's own lexer has it."""
    assert expected == pairs(text)


@pytest.mark.parametrize("text", ["A", "A=", "A=a/b@c", 'A="x', "\0X\0=1"])
def test_what_are_no_pairs(text: str) -> None:
    """Half a pair, and what supervisord's lexer makes of unquoted signs."""
    with pytest.raises(Unusable):
        pairs(text)


def test_an_open_quote() -> None:
    """It is most often what is left of a command with a semicolon."""
    with pytest.raises(Unusable, match="a quote is not closed"):
        words("bash -c 'foo")
