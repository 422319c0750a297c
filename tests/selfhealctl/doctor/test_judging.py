from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from selfhealctl.doctor.facts import Checked, Facts, Unit, Unreached
from selfhealctl.doctor.findings import Finding, Level, as_json
from selfhealctl.doctor.judging import judge
from selfhealingd.wire.checkup import (
    CheckupDocument,
    DriftDocument,
    LimitDocument,
    PlaceDocument,
)

GIB = 1 << 30
STATE = PlaceDocument(
    what="state folder",
    path="/state",
    device=1,
    free=50 * GIB,
    total=100 * GIB,
    free_inodes=900,
    total_inodes=1000,
)
FILES = LimitDocument(what="open files", used=50, most=1000, raise_by="ulimit")
DRIFT = DriftDocument(config="/c.toml", flags_file="/flags.env")
DAEMON = CheckupDocument(
    version="1.0",
    pid=1,
    uid=0,
    operator=True,
    booted=False,
    delegated=False,
    places=(STATE,),
    limits=(FILES,),
    drift=DRIFT,
    state_ahead=-5.0,
    left=(),
    runtime_dir="/run/it",
    keys=0,
    keys_usable=0,
    extras={"web": False},
    status="healthy",
    issues=0,
)
WELL = Facts(
    version="1.0",
    now=1.8e9,
    kernel="6.1.0-13-amd64",
    pidfd=True,
    socket="/s",
    synchronized=True,
    unit=None,
    daemon=DAEMON,
)
UNIT = Unit("loaded", "active", "enabled", "/lib/selfhealingd.service")
GONE = Unreached("not running", "start it --config FILE")


def daemon(**facts: Any) -> Facts:
    return replace(WELL, daemon=replace(DAEMON, **facts))


def place(**facts: Any) -> Facts:
    return daemon(places=(replace(STATE, **facts),))


def limit(**facts: Any) -> Facts:
    return daemon(limits=(replace(FILES, **facts),))


def drift(**facts: Any) -> Facts:
    return daemon(drift=replace(DRIFT, **facts))


def unit(**facts: Any) -> Facts:
    return replace(WELL, unit=replace(UNIT, **facts))


@pytest.mark.parametrize(
    "facts",
    [
        WELL,
        unit(),
        unit(load="not-found"),
        unit(enabled="static"),
        replace(WELL, synchronized=None),
        daemon(booted=True, delegated=True),
        daemon(operator=False, uid=1000),
        daemon(keys=2, keys_usable=1),
        place(total=0, free=0, total_inodes=0),
        place(total=10_000 * GIB, free=90 * GIB),
        limit(most=None, used=10**9),
        limit(needed=1000),
    ],
)
def test_what_is_well(facts: Facts) -> None:
    """Nothing to do, and nothing that counts as bad."""
    found = judge(facts)
    assert {Level.OK} == {one.level for one in found}
    assert {None} == {one.do for one in found}


@pytest.mark.parametrize(
    ("facts", "level", "what", "do"),
    [
        (
            replace(place(what="control socket", exposed=True), unit=None),
            Level.WARNING,
            "control socket",
            "selfhealctl shutdown; then start it as it was started",
        ),
        (
            unit(active="inactive"),
            Level.WARNING,
            "unit",
            "selfhealctl shutdown; then: systemctl start selfhealingd",
        ),
        (replace(WELL, kernel="5.3.9"), Level.PROBLEM, "kernel", "newer"),
        (replace(WELL, pidfd=False), Level.PROBLEM, "kernel", "newer"),
        (replace(WELL, now=1e9), Level.PROBLEM, "clock", "timedatectl"),
        (replace(WELL, synchronized=False), Level.WARNING, "clock", "set-ntp"),
        (daemon(state_ahead=3600.0), Level.WARNING, "clock", "timedatectl"),
        (daemon(version="0.9"), Level.WARNING, "version", "selfhealctl upgrade"),
        (daemon(version="1.10"), Level.WARNING, "version", "ps -o args= -p 1"),
        (daemon(booted=True), Level.WARNING, "cgroups", "Delegate=yes"),
        (daemon(keys=2), Level.PROBLEM, "keys", "llm keys"),
        (daemon(left=("a", "b")), Level.WARNING, "fifos", "/run/it"),
        (daemon(status="warning", issues=1), Level.WARNING, "status", "status"),
        (daemon(status="critical", issues=2), Level.PROBLEM, "status", "status"),
        (place(problem="no such file"), Level.PROBLEM, "state folder", "namei"),
        (place(exposed=True), Level.PROBLEM, "state folder", "chmod o-w /state"),
        (
            place(what="control socket", exposed=True),
            Level.WARNING,
            "control socket",
            "[control] mode",
        ),
        (place(free=GIB // 2), Level.PROBLEM, "disk", "df -h /state"),
        (place(free=4 * GIB), Level.WARNING, "disk", "df -h /state"),
        (place(free=9, total=99), Level.PROBLEM, "disk", "df -h /state"),
        (place(free_inodes=5), Level.PROBLEM, "inodes", "df -i"),
        (place(free_inodes=40), Level.WARNING, "inodes", "df -i"),
        (limit(used=800), Level.WARNING, "limit", "ulimit"),
        (limit(used=950), Level.PROBLEM, "limit", "ulimit"),
        (limit(needed=1001), Level.PROBLEM, "limit", "ulimit"),
        (drift(mistakes=("a", "b")), Level.PROBLEM, "config", "--check"),
        (drift(pending=("x",)), Level.WARNING, "config", "selfhealctl update"),
        (drift(warnings=("a",)), Level.WARNING, "config", "selfhealctl reread"),
        (drift(flags=("X=false",)), Level.WARNING, "flags", "selfhealctl reload"),
        (drift(flags_error="odd"), Level.PROBLEM, "flags", "mend /flags.env"),
        (unit(load="masked"), Level.PROBLEM, "unit", "systemctl status"),
        (unit(active="failed"), Level.PROBLEM, "unit", "journalctl"),
        (unit(stale=True), Level.WARNING, "unit", "daemon-reload"),
        (unit(enabled="disabled"), Level.WARNING, "unit", "systemctl enable"),
        (unit(differs=("a",)), Level.WARNING, "unit", "--install-systemd"),
        (unit(instead=("/etc/it",)), Level.WARNING, "unit", "systemctl edit it;"),
        (
            unit(instead=("/home/it",), user=True),
            Level.WARNING,
            "unit",
            "systemctl --user daemon-reload",
        ),
        (
            unit(differs=("a",), user=True),
            Level.WARNING,
            "unit",
            "--install-systemd --user",
        ),
    ],
)
def test_what_is_not(facts: Facts, level: Level, what: str, do: str) -> None:
    """One finding, the first of all, with what to type."""
    first, *others = judge(facts)
    assert (level, what) == (first.level, first.what)
    assert first.do is not None
    assert do in first.do
    assert {Level.OK} == {one.level for one in others}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, ["daemon"]),
        ({"unit": replace(UNIT, load="not-found")}, ["daemon", "unit"]),
        ({"unit": replace(UNIT, active="inactive")}, ["daemon", "unit"]),
        ({"checked": Checked(2, ("a mistake",))}, ["daemon", "config"]),
        ({"checked": Checked(0, ("fine",))}, ["daemon"]),
        ({"places": (replace(STATE, free=0),)}, ["daemon", "disk"]),
        ({"config": ""}, ["daemon", "config"]),
    ],
)
def test_without_a_daemon(facts: dict[str, Any], expected: list[str]) -> None:
    """That is the first thing; then what may be why."""
    found = judge(replace(WELL, **{"daemon": GONE, "config": "/a b", **facts}))
    assert expected == [one.what for one in found if one.level is not Level.OK]
    named = "FILE" if "config" in facts else "'/a b'"
    assert f"start it --config {named}" == found[0].do


def test_one_disk_is_told_of_once() -> None:
    """However many folders are on it."""
    other = replace(STATE, what="log folder", path="/logs")
    elsewhere = replace(other, path="/mnt", device=2)
    found = judge(daemon(places=(STATE, other, elsewhere)))
    assert ["/state", "/mnt"] == [one.where for one in found if one.what == "disk"]


def test_findings_as_json() -> None:
    """Every key is there, whether it is known or not."""
    raw = as_json([Finding(Level.WARNING, "clock", "odd", do="set it")])
    expected = {"level": "warning", "what": "clock", "words": "odd"}
    assert [{**expected, "where": None, "do": "set it"}] == msgspec.json.decode(raw)
