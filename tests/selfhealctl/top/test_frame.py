from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from topped import (
    NOON,
    down,
    histories,
    incident,
    model,
    service,
    status,
    statuses,
    words,
)

from selfhealctl.ink import Paint
from selfhealctl.top.frame import frame, height, reading
from selfhealctl.top.model import (
    Browsing,
    Confirming,
    Filtering,
    Model,
    Operate,
    Reasoning,
)
from selfhealingd.wire.documents import Status
from selfhealingd.wire.measured import CourseDocument, HistoryDocument

PAINT = Paint()
modes = st.one_of(
    st.just(Browsing()),
    st.builds(Filtering, before=words),
    st.builds(Confirming, question=words, deed=st.just(Operate("stop", "web"))),
    st.builds(Reasoning, question=words, method=words, words=words),
    st.builds(reading, title=words, text=words, width=st.integers(1, 50)),
)


def screen(view: Model, paint: Paint = PAINT) -> list[str]:
    return [str(paint.fit(one, view.columns)) for one in frame(view, paint)]


@given(
    st.none() | statuses,
    histories,
    modes,
    st.tuples(st.integers(1, 160), st.integers(1, 60)),
    st.builds(Paint, unicode=st.booleans()),
    words,
)
def test_it_fits_whatever_there_is_to_show(
    found: Status | None,
    history: HistoryDocument,
    mode: object,
    size: tuple[int, int],
    paint: Paint,
    text: str,
) -> None:
    """As many lines as the terminal has, none wider than it is, and nothing raises."""
    columns, rows = size
    view = Model(now=NOON, columns=columns, rows=rows)
    view = view if found is None else view.seen(found).drawn(history)
    view = replace(view.sought(text).told(text), mode=mode)  # type: ignore[arg-type]
    for one in (view, view.lost(text)):
        lines = screen(one, paint)
        assert rows == len(lines)
        assert all(cell_len(text) <= columns for text in lines)
        assert height(one, paint) >= 1


@pytest.mark.parametrize(("columns", "rows"), [(40, 12), (80, 24), (120, 40)])
def test_what_matters_is_on_every_screen(columns: int, rows: int) -> None:
    """How it is as a whole, what is worst and what comes of it, and the way out."""
    view = Model(now=NOON, columns=columns, rows=rows).seen(
        status(
            *(service(f"worker-{number}") for number in range(100)),
            down("db", "BACKOFF", next="restart in 9 s", incident="db-1"),
            status="warning",
            issues=("WARNING: program db is down",),
            recommendations=("selfhealctl show db",),
            incidents=(incident("db"),),
        )
    )
    text = screen(view)
    assert text[0].startswith("WARNING  100 of 101 running, 1 incident")
    assert any("program db is down" in one for one in text)
    [row] = [one for one in text if one.startswith("db ")][:1]
    assert "BACKOFF" in row
    assert "restart in 9 s" in row
    assert "q quit" in text[-1]


def test_dormant_mode_is_not_overlooked() -> None:
    """Why, and which key leads out of it."""
    view = Model(now=NOON).seen(status(service("web"), dormant=True))
    [line] = [one for one in screen(view) if one.startswith("DORMANT")]
    assert "DORMANT: Exceeded maximum consecutive failures (10); R: resume" == line


def test_a_daemon_that_is_gone_is_said() -> None:
    """Beside what was known last."""
    view = model(service("web")).lost("not running (stale socket)").at(NOON + 75)
    text = screen(view)
    assert "NO DAEMON for 1m 15s; trying again: not running (stale socket)" == text[1]
    assert any(one.startswith("web") for one in text)


def test_a_row_has_what_there_is_room_for() -> None:
    """Bars of both on a wide screen; words in their place where it is narrow."""
    course = CourseDocument(name="web", cpu=(0.0, 50.0), memory=(100, 200))
    web = service("web", not_ready="its probe fails")
    view = replace(model(web, columns=160), courses={"web": course})
    [wide] = [one for one in screen(view) if one.startswith("web  ") and "▁█" in one]
    assert 2 == wide.count("▁█")
    assert wide.rstrip().endswith("not ready: its probe fails")
    view = replace(view, columns=80)
    assert not [one for one in screen(view) if "▁█" in one]
    assert any("not ready: " in one and one.endswith("…") for one in screen(view))


def test_a_name_gets_the_room_that_there_is() -> None:
    """It is cut where something else needs the room, and not at a number."""
    name = "a-name-that-somebody-thought-long-about-01"
    view = model(service(name), columns=160)
    assert any(one.startswith(f"{name}  RUNNING") for one in screen(view))
    narrow = screen(replace(view, columns=50))
    assert not any(one.startswith(f"{name}  RUNNING") for one in narrow)


def test_long_lists_say_what_is_left_out() -> None:
    """Never more than a third of the screen goes to issues, or to incidents."""
    every = tuple(incident(f"w{number}") for number in range(20))
    view = model(service("web"), rows=24).seen(
        status(service("web"), incidents=every, issues=("WARNING: x",) * 9)
    )
    text = screen(view)
    assert any("and 16 more: selfhealctl incidents --open" in one for one in text)
    assert any("and 7 more: selfhealctl status" in one for one in text)
    assert height(view, PAINT) >= 8
