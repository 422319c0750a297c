"""A word means the same services to the daemon and to whoever asks it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.wire.names import named_by, near, no_such

KNOWN = {
    "web_00": ("web", "front"),
    "web_01": ("web", "front"),
    "web-admin": (),
    "db": (),
}


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("all", tuple(KNOWN)),
        ("db", ("db",)),
        ("db:*", ("db",)),
        ("web", ("web_00", "web_01")),
        ("front:*", ("web_00", "web_01")),
        ("web*", ("web_00", "web_01", "web-admin")),
        ("web-*", ("web-admin",)),
        ("web_0[12]", ("web_01",)),
        ("*:web_0?", ("web_00", "web_01")),
        ("front:*_01", ("web_01",)),
        ("d?", ("db",)),
        ("WEB*", ()),
        ("web-*:*", ("web-admin",)),
        ("wbe", ()),
        ("wbe:*", ()),
        ("[", ()),
        ("*" * 300, ()),
        ("", ()),
    ],
)
def test_what_a_word_means(word: str, meant: tuple[str, ...]) -> None:
    """Names, groups and patterns, each in the services' own order."""
    assert meant == named_by(word, KNOWN)


def test_a_service_comes_before_a_group_of_its_name() -> None:
    """Who types a name means that."""
    assert ("web",) == named_by("web", {"web": (), "other": ("web",)})
    assert ("other",) == named_by("web:*", {"web": (), "other": ("web",)})


@given(st.text(max_size=20))
def test_any_word_means_some_of_what_there_is(word: str) -> None:
    """None is an error, and what was meant is always one of them."""
    assert set(named_by(word, KNOWN)) <= set(KNOWN)
    assert set(near(word, KNOWN)) <= {*KNOWN, "web", "front"}


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("wbe", "there is no program 'wbe'; did you mean web?"),
        ("wbe:*", "there is no program 'wbe'; did you mean web?"),
        ("xyz", "there is no program 'xyz'"),
        ("wep-*", "no program matches 'wep-*'; there are: web and 4 more"),
        ("zz*", f"no program matches 'zz*'; there are: {', '.join([*KNOWN, 'web'])}"),
    ],
)
def test_what_means_nothing_is_told_with_what_is_near(word: str, words: str) -> None:
    """Of a name the likeliest; of a pattern those like it, or the first few."""
    assert words == no_such("program", word, KNOWN)


def test_a_pattern_of_nothing_has_no_neighbours() -> None:
    """There is nothing to show."""
    assert "no program matches '*'" == no_such("program", "*", {})
