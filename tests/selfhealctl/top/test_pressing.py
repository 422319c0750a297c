import pytest
from hypothesis import given
from hypothesis import strategies as st
from topped import NOON, down, model, service, status, statuses

from selfhealctl.top.model import (
    Browsing,
    Confirming,
    Deed,
    Explain,
    Filtering,
    Inspect,
    Model,
    Operate,
    Quit,
    Reading,
    Reasoning,
    Tail,
)
from selfhealctl.top.pressing import press
from selfhealingd.wire.documents import Status

HEIGHT = 10
KEYS = [*"jkgG/srtSRpei?lqyn", "up", "down", "page-up", "page-down", "home", "end"]
KEYS += ["escape", "enter", "backspace", "ä"]


def typed(view: Model, *keys: str) -> tuple[Model, list[Deed]]:
    deeds = []
    for key in keys:
        view, deed = press(view, key, height=HEIGHT)
        deeds += [] if deed is None else [deed]
    return view, deeds


@pytest.mark.parametrize(
    ("keys", "deeds"),
    [
        ("q", [Quit()]),
        ("e", [Explain("a")]),
        ("l", [Tail("a")]),
        ("i", [Inspect("a")]),
        ("ry", [Operate("restart", "a")]),
        ("ty", [Operate("stop", "a")]),
        ("jSy", [Operate("start", "b")]),
        ("rn", []),
        ("rq", []),
        ("R", []),
    ],
)
def test_keys_and_their_deeds(keys: str, deeds: list[Deed]) -> None:
    """What changes anything is asked about first; any key but a yes is a no."""
    view, found = typed(model(service("a"), service("b")), *keys)
    assert deeds == found
    assert Browsing() == view.mode


def test_the_incident_that_is_open_is_meant() -> None:
    """Else the latest of the service."""
    _, deeds = typed(model(down("a", "BACKOFF", incident="a-7")), "i")
    assert [Inspect("a-7")] == deeds


def test_what_is_asked_about_stays_what_it_was() -> None:
    """Though the rows change places before the yes."""
    view, _ = typed(model(service("a"), service("b")), "j", "r")
    view = view.seen(status(down("a", "FATAL"), down("c", "FATAL")))
    _, deeds = typed(view, "y")
    assert [Operate("restart", "b")] == deeds


def test_resuming_takes_a_reason() -> None:
    """One that says something; Escape leaves it all as it is."""
    view = Model(now=NOON).seen(status(service("a"), dormant=True))
    asked, deeds = typed(view, "R", "enter", " ", "-", "enter")
    assert isinstance(asked.mode, Reasoning)
    assert [] == deeds
    _, deeds = typed(asked, "backspace", *"disk is new", "enter")
    assert [Operate("resume", reason="disk is new")] == deeds
    left, deeds = typed(asked, "escape")
    assert (Browsing(), []) == (left.mode, deeds)


def test_a_filter_is_seen_while_it_is_typed() -> None:
    """Enter keeps it; Escape brings back what was before, and then all."""
    view = model(service("api"), service("web"))
    view, _ = typed(view, "/", *"webx", "backspace")
    assert Filtering("") == view.mode
    assert ["web"] == [one.name for one in view.services]
    kept, _ = typed(view, "enter", "/", *"zz", "escape")
    assert "web" == kept.words
    every, _ = typed(kept, "escape")
    assert 2 == len(every.services)


def test_help_is_read_and_left() -> None:
    """By the keys that any reader knows."""
    view, _ = typed(model(), "?")
    assert isinstance(view.mode, Reading)
    assert Browsing() == typed(view, "j", "q")[0].mode


def test_a_text_ends_with_its_last_screen() -> None:
    """And begins with its first line, however often a key is pressed."""
    text = tuple(str(number) for number in range(25))
    view = Model(now=NOON, mode=Reading("title", text))

    def top(*keys: str) -> int:
        mode = typed(view, *keys)[0].mode
        assert isinstance(mode, Reading)
        return mode.top

    assert 15 == top("G")
    assert 15 == top(*("page-down",) * 9)
    assert 0 == top("j", "k", "k")
    assert 1 == top("down")


def test_pausing_stops_the_clock() -> None:
    """Until the next time."""
    view, _ = typed(model(), "p")
    assert NOON == view.at(NOON + 9).shown_at
    assert NOON + 9 == typed(view.at(NOON + 9), "p")[0].shown_at


@given(statuses, st.lists(st.sampled_from(KEYS), max_size=12))
def test_no_keys_do_harm_unasked(found: Status, keys: list[str]) -> None:
    """Nothing is changed without a yes or a reason; and nothing raises."""
    view = Model(now=NOON).seen(found)
    for key in keys:
        before = view
        view, deed = press(view, key, height=HEIGHT)
        if isinstance(deed, Operate):
            assert isinstance(before.mode, Confirming | Reasoning)
        assert 0 <= view.top <= max(0, len(view.services) - 1)
