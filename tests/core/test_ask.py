"""What is asked, as people read of it, and which answers are alike."""

import pytest

from selfhealingd.core.ask import (
    Ask,
    Connect,
    Exec,
    Http,
    Tls,
    failed,
    ok,
    unknown,
)
from selfhealingd.core.readiness import Tcp, Unix


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (Http(host="::1", port=80), "http://[::1]/"),
        (Http(host="a", port=443, tls=Tls(), target="/x?key=1"), "https://a/x"),
        (
            Http(host="a", port=8443, tls=Tls(), socket="/run/s"),
            "https://a:8443/ over /run/s",
        ),
        (Connect(place=Tcp("", 80)), ":80"),
        (Connect(place=Tcp("a", 443), tls=Tls()), "a:443 by TLS"),
        (Connect(place=Unix("/run/s")), "/run/s"),
        (Exec(("/usr/bin/check", "--secret")), "check"),
    ],
)
def test_in_words(ask: Ask, words: str) -> None:
    """Short, and without what may be secret: a query, arguments."""
    assert words == str(ask)


def test_like() -> None:
    """What differs in nothing but details is no news."""
    assert not ok("yes").like(None)
    assert ok("yes").like(ok("yes"))
    assert not ok("yes").like(failed("yes"))
    assert not failed("this").like(failed("that"))
    assert failed("status 1: 12:00", "status 1").like(
        failed("status 1: 12:01", "status 1")
    )
    assert not unknown("this").like(failed("this"))
