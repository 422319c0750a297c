"""Which incidents are the same to a model, and for how long that is known."""

import pytest
from msgspec.structs import replace

from selfhealingd.core import sameness
from selfhealingd.core.diagnosis import Line
from selfhealingd.core.sameness import MAX_AGE, MOST, Cache, Known, fingerprint
from selfhealingd.wire.diagnosis import ReportDocument

ASKED = {"model": "m", "system": "s", "messages": [{"content": "all of it"}]}
REPORT = ReportDocument(
    cause="crash", summary="It crashed.", confidence=0.5, action="hold", by="model"
)


def lines(*words: str, part: str = "output web.log") -> list[Line]:
    return [Line(number=n, part=part, words=w) for n, w in enumerate(words, start=1)]


def known(key: str, *, at: float, incident: str = "web-1") -> Known:
    return Known(key=key, incident=incident, at=at, report=REPORT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2026-11-26T20:28:08.123Z failed", "2026-11-27T01:02:03.9Z failed"),
        ("Nov 26 20:28:08 host web[4711]: no", "Dec 1 00:00:01 host web[12]: no"),
        ("pid 4711 of 1: asleep", "pid 93 of 1: asleep"),
        ("[ 123.456789] web segfault at 0xdeadbeef", "[9.1] web segfault at 0x12"),
        ("exited with status 3 after 0.2 s", "exited with status 3 after 12 s"),
        ("GET / 200 in 12 ms", "GET / 200 in 3400 ms"),
        ("timed out after 3.002 s, retry", "timed out after 2999 ms, retry"),
        ("SELFHEALINGD_INCIDENT=web-3", "SELFHEALINGD_INCIDENT=web-12"),
        (
            "127.0.0.1 [26/Nov/2026:20:28:08 +0000]",
            "127.0.0.1 [01/Jan/2027:00:00:00 +0000]",
        ),
        (
            "request 6f1a993c-67a4-4a5e-9f8e-0123456789ab failed",
            "request 00000000-67a4-4a5e-9f8e-0123456789ab failed",
        ),
    ],
)
def test_times_pids_and_ids_make_no_difference(one: str, other: str) -> None:
    """Nor does it that an earlier run wrote the same before, or how it was measured."""
    first = fingerprint("web", ASKED, lines(one))
    assert first == fingerprint("web", ASKED, lines(other))
    assert first == fingerprint("web", ASKED, lines(one, other, one))
    measured = lines("cpu 12.5, memory 1000", part="samples")
    assert first == fingerprint("web", ASKED, [*lines(one), *measured])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cannot bind port 8080", "cannot bind port 8081"),
        ("exited with status 3", "exited with status 4"),
        ("no such file: /etc/a", "no such file: /etc/b"),
        ("timeout after 3s", "timeout after 3000s"),
        ("not ready within 5 s", "not ready within 1 min"),
        ("context deadline of 10 Seconds", "context deadline of 10 ms"),
    ],
)
def test_what_a_diagnosis_is_about_does(one: str, other: str) -> None:
    """Another port, status, file or limit is another incident."""
    assert fingerprint("web", ASKED, lines(one)) != fingerprint(
        "web", ASKED, lines(other)
    )


@pytest.mark.parametrize(
    "changed", [{"model": "n"}, {"system": "t"}, {"tools": ["run prune"]}]
)
def test_asked_in_another_way_it_is_another(changed: dict[str, object]) -> None:
    """Another model, prompt or list of runbooks; and another service."""
    asked = {**ASKED, **changed}
    first = fingerprint("web", ASKED, lines("no"))
    assert first != fingerprint("web", asked, lines("no"))
    assert first != fingerprint("db", ASKED, lines("no"))


def test_it_is_bounded_in_number_and_age() -> None:
    """And neither what is too old, nor what is of the future, is believed."""
    cache = Cache()
    for number in range(MOST + 10):
        cache = sameness.remember(cache, known(f"k{number}", at=float(number)))
    assert MOST == len(cache.known)
    assert sameness.find(cache, "k0", 200.0) is None
    last = sameness.find(cache, f"k{MOST}", 200.0)
    assert last is not None
    assert sameness.find(cache, f"k{MOST}", last.at + MAX_AGE + 1) is None
    assert sameness.find(cache, f"k{MOST}", last.at - 1) is None


def test_a_later_diagnosis_takes_the_place_of_an_earlier_one() -> None:
    """And one that did not prove right is forgotten, by its incident."""
    cache = sameness.remember(Cache(), known("k", at=1.0))
    later = replace(known("k", at=2.0), incident="web-2")
    cache = sameness.remember(cache, later)
    assert (later,) == cache.known
    assert cache == sameness.forget(cache, "web-1")
    assert Cache() == sameness.forget(cache, "web-2")
