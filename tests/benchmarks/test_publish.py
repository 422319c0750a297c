"""What is measured, as the pages state it."""

import re
from typing import Any

from benchmarks import publish


def peer(name: str, **figures: float) -> dict[str, Any]:
    measured = {key: {"200": value} for key, value in figures.items()}
    return {"peer": name, "version": "1.0", "figures": measured, "notes": []}


FOUND = {
    "machine": {
        "cpus": 2,
        "processor": "A good one",
        "memory_gib": 7.8,
        "kernel": "6.1.0-49-amd64",
        "python": "3.11.2",
        "load": 0.04,
    },
    "plan": {"programs": [200]},
    "peers": [
        peer("selfhealingd", restart_p50_ms=2.0, pss_mib=30.0),
        peer("runit", restart_p50_ms=3.0, pss_mib=15.0),
        peer("monit", pss_mib=6.0),
    ],
    "notMeasured": {"pm2": "cannot find npm on PATH"},
}


def test_theirs_are_multiples_of_ours() -> None:
    """Ours has its unit, a peer what it is beside that; what is missing is a dash."""
    text = "\n".join(publish.peers(FOUND))
    assert "| selfhealingd 1.0 | 2.00 ms |" in text
    assert "| runit 1.0 | **1.50 x** 3.00 ms |" in text
    assert "| monit 1.0 | - | - | - | **0.20 x** 6.00 MiB |" in text
    assert "- pm2: not measured: cannot find npm on PATH" in text


def test_the_brief_table_has_multiples_alone() -> None:
    """With the machine below it."""
    *table, _, machine = publish.brief(FOUND)
    assert "| runit 1.0 | 1.50 x | - | 0.50 x | - | - |" in table
    assert machine == (
        "2 CPUs (A good one), 8 GiB of memory, Linux 6.1, Python 3.11.2, load 0.0"
        " before."
    )


def test_each_place_of_the_pages_is_filled() -> None:
    """What stood there goes, what is around it stays; each part has its place."""
    parts = {"machine": "here", "peers": "p", "alone": "a", "brief": "b"}
    places = []
    for page in publish.PAGES:
        text = page.read_text()
        places += re.findall(r"<!-- measured (\w+) -->", text)
        filled = publish.filled(text, parts)
        assert filled == publish.filled(filled, parts)
        around = r"(?s)(?<=-->\n).*?(?=<!-- end of measured)"
        assert re.sub(around, "", text) == re.sub(around, "", filled)
    assert sorted(parts) == sorted(places)
