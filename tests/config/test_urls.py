"""What an HTTP probe is written as."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.config.urls import Url, method, statuses, url
from selfhealingd.config.values import Expected


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("http://127.0.0.1:8000/health", (False, "127.0.0.1", 8000, "/health")),
        ("https://web.test", (True, "web.test", 443, "/")),
        ("http://[::1]/a?b=c&d", (False, "::1", 80, "/a?b=c&d")),
        ("http://a?b", (False, "a", 80, "/?b")),
    ],
)
def test_url(written: str, parts: tuple[Any, ...]) -> None:
    """Whatever it leaves out is as usual."""
    tls, host, port, target = parts
    assert Url(tls=tls, host=host, port=port, target=target) == url(written)


@pytest.mark.parametrize(
    "written",
    [
        "127.0.0.1:8000",
        "ftp://a/",
        "http://",
        "http://a:0/",
        "http://a:65536/",
        "http://user:secret@a/",
        "http://a/#part",
        "http://a/with space",
        "http://a/\u00fc",
        "http://a/\r\nHost: b",
        7,
    ],
)
def test_no_url(written: object) -> None:
    """It is refused before anybody is asked."""
    with pytest.raises(Expected):
        url(written)


@pytest.mark.parametrize(
    ("written", "ranges"),
    [
        (200, ((200, 200),)),
        ("204", ((204, 204),)),
        ("200-299", ((200, 299),)),
        (["200-299", 404], ((200, 299), (404, 404))),
    ],
)
def test_statuses(written: object, ranges: tuple[tuple[int, int], ...]) -> None:
    """One, a range, or several of both."""
    assert ranges == statuses(written)


@pytest.mark.parametrize("written", [99, 600, "299-200", "2xx", [], [True], 200.5])
def test_no_statuses(written: object) -> None:
    """What no server would ever answer is a mistake."""
    with pytest.raises(Expected):
        statuses(written)


def test_method() -> None:
    """In capitals, as it is sent."""
    assert "HEAD" == method("HEAD")
    for written in ("get", "", "GET /", 7):
        with pytest.raises(Expected):
            method(written)


@given(st.text(max_size=30) | st.integers() | st.none() | st.lists(st.text(max_size=3)))
def test_anything(written: object) -> None:
    """Is read, or refused in words."""
    for read in (url, method, statuses):
        with suppress(Expected):
            read(written)
