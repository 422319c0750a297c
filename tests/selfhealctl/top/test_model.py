from topped import NOON, down, model, service, status

from selfhealctl.top.model import Live, Lost


def test_the_selection_stays_with_its_service() -> None:
    """Also when it moves to another row, as what ails the others comes and goes."""
    view = model(service("a"), service("b"), service("c")).moved(1, height=9)
    assert "b" == view.selected
    view = view.seen(status(service("a"), service("b"), down("c", "FATAL")))
    assert ("b", 2) == (view.selected, view.place)


def test_it_scrolls_no_more_than_it_has_to() -> None:
    """The selected row is on the screen, and no row is left blank in vain."""
    view = model(*(service(f"w{number}") for number in range(100)))
    view = view.moved(5, height=4)
    assert (5, 2) == (view.place, view.top)
    view = view.moved(4, height=4)
    assert (4, 2) == (view.place, view.top)
    view = view.moved(1000, height=4)
    assert (99, 96) == (view.place, view.top)
    assert 90 == view.settled(10).top


def test_time_stands_still_while_there_is_no_daemon() -> None:
    """What is shown is of then; since when is known from the first time."""
    view = model(service("a")).lost("not running").at(NOON + 60).lost("no such file")
    assert Lost(NOON, "no such file") == view.link
    assert NOON == view.shown_at
    view = view.seen(status(service("a")))
    assert Live() == view.link
    assert NOON + 60 == view.shown_at


def test_a_note_is_shown_for_a_while() -> None:
    """Then the keys are shown again."""
    view = model().told("done", secs=5)
    assert view.at(NOON + 4.9).note is not None
    assert view.at(NOON + 5).note is None
