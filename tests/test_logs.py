import io
import json
import os
import pty
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from selfhealingd import logs
from selfhealingd.clock import utc_now
from selfhealingd.logs import DebugPatterns, debug_name, escape
from selfhealingd.logwriter import QUEUED, Writer

CLOCK = re.compile(r"^(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d ", re.MULTILINE)


@pytest.fixture(autouse=True)
def fresh_logging() -> Iterator[None]:
    """Leave no configuration to the next test."""
    yield
    structlog.reset_defaults()


class Log:
    """A log file with logging set up to write to it."""

    def __init__(self, path: Path, **settings: Any) -> None:
        self.file = path.open("w+")
        defaults = {"level": "info", "fmt": "console", "debug": None}
        self.writer = logs.configure(stream=self.file, **{**defaults, **settings})

    def text(self) -> str:
        """What was written, with the time of day as ``T``."""
        with self.file:
            self.file.seek(0)
            return CLOCK.sub("T ", self.file.read())


def count(lost: int) -> bytes:
    return b"%d lost\n" % lost


def test_a_console_line_is_for_a_reader_at_night(tmp_path: Path) -> None:
    """Time, component, sentence, extras; a level only where it matters."""
    log = Log(tmp_path / "log")

    healing = logs.get("SelfHealing")
    healing.info("web: crashed", pid=7, why="signal 9", empty="")
    healing.debug("not asked for")
    logs.get("CircuitBreaker").warning("program:web opened")
    logs.get("BackgroundTaskManager").error("prune failed")

    assert (
        'T SelfHealing        web: crashed pid=7 why="signal 9" empty=""\n'
        "T CircuitBreaker     warning: program:web opened\n"
        "T BackgroundTaskManager error: prune failed\n"
    ) == log.text()


def test_the_time_of_day_is_the_local_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on the clock of whoever reads, three and a half hours ahead of UTC.

    With the date, for who reads it another day.
    """
    at = utc_now().replace(hour=9, minute=40, second=1)
    monkeypatch.setenv("TZ", "NST-03:30")
    monkeypatch.setattr("selfhealingd.logs.utc_now", lambda: at)
    time.tzset()
    try:
        log = Log(tmp_path / "log")
        logs.get("Store").info("written")
    finally:
        monkeypatch.undo()
        time.tzset()

    with log.file:
        line = Path(log.file.name).read_text()
    assert f"{at:%Y-%m-%d} 13:10:01 Store              written\n" == line


def test_colour_tells_the_level(tmp_path: Path) -> None:
    """And replaces the word for it; extras are dim."""
    log = Log(tmp_path / "log", color=True)

    logs.get("Store").info("written", bytes=7)
    logs.get("Store").error("cannot write")

    assert (
        "T Store              written\x1b[2m bytes=7\x1b[0m\n"
        "T Store              \x1b[31mcannot write\x1b[0m\n"
    ) == log.text()


def test_a_traceback_names_its_component_on_each_line(tmp_path: Path) -> None:
    """So that grep finds all of it; what the error says cannot paint the screen."""
    log = Log(tmp_path / "log")
    try:
        raise ValueError("a\n\x1b[2Jb")  # noqa: TRY301 - the error is what is logged
    except ValueError:
        logs.get("Daemon").exception("cannot start")

    first, *others = log.text().splitlines()
    assert "T Daemon             error: cannot start" == first
    assert "T Daemon             | Traceback (most recent call last):" == others[0]
    assert others[-1].endswith(r"| \x1b[2Jb")
    assert all(line.startswith("T Daemon             | ") for line in others)


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\nT SelfHealing fake", r"a\nT SelfHealing fake"),
        ("\x1b[2J\x07\r\b\x7f", r"\x1b[2J\x07\r\x08\x7f"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202egnp.exe\u2028", r"\u202egnp.exe\u2028"),
        ("bytes \udcff", r"bytes \udcff"),
        ("größe 中 ✓", "größe 中 ✓"),
    ],
)
def test_hostile_values_stay_on_their_line(
    tmp_path: Path, hostile: str, shown: str
) -> None:
    """In the sentence, in a value and in a component; plain text stays as it is."""
    log = Log(tmp_path / "log")

    logs.get("Store").info(hostile, value=hostile)

    assert shown == escape(hostile)
    (line,) = log.text().splitlines()
    assert line.startswith(f"T Store              {shown} value=")
    assert line.rstrip('"').endswith(shown)


@given(st.text())
def test_nothing_escaped_can_be_obeyed(text: str) -> None:
    """All that is left is printable, on one line, and can be encoded."""
    assert escape(text).isprintable()
    assert escape(text) == escape(text).encode().decode()
    assert escape(text) == text or not text.isprintable()


def test_the_journal_is_told_the_level(tmp_path: Path) -> None:
    """On each line of a message, in either format; it knows the time by itself."""
    log = Log(tmp_path / "log", journal=True)
    logs.get("Store").info("written")
    try:
        raise ValueError("a")  # noqa: TRY301 - the error is what is logged
    except ValueError:
        logs.get("Daemon").exception("cannot start")
    first, second, *others = log.text().splitlines()
    assert "<6>Store              written" == first
    assert "<3>Daemon             error: cannot start" == second
    assert others
    assert all(line.startswith("<3>Daemon             | ") for line in others)

    log = Log(tmp_path / "log", journal=True, fmt="json")
    logs.get("Store").warning("full")
    mark, _, line = log.text().partition(">")
    assert ("<4", "full") == (mark, json.loads(line)["event"])


def test_json_is_one_object_a_line(tmp_path: Path) -> None:
    """With the time in UTC, what JSON does not know as text, and no line end inside."""
    log = Log(tmp_path / "log", fmt="json")

    logs.get("Store").info("a\nb", path=Path("/x"), number=1, none=None)
    logs.get("Store").warning("bytes \udcff", level="mine", at="mine")

    first, second = map(json.loads, log.text().splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.pop("at"))
    assert {
        "level": "info",
        "component": "Store",
        "event": "a\nb",
        "path": "/x",
        "number": 1,
        "none": None,
    } == first
    assert ["at", "level", "component", "event"] == list(second)
    assert ("warning", r"bytes \udcff") == (second["level"], second["event"])


@pytest.mark.parametrize(
    ("component", "name"),
    [
        ("SelfHealing", "self-healing:self-healing"),
        ("CircuitBreaker", "self-healing:circuit-breaker"),
        ("BackgroundTaskManager", "self-healing:background-task-manager"),
        ("Store", "self-healing:store"),
        ("LLMKeys", "self-healing:llm-keys"),
    ],
)
def test_each_component_has_a_debug_name(component: str, name: str) -> None:
    """In small letters with hyphens, behind self-healing."""
    assert name == debug_name(component)


@pytest.mark.parametrize(
    ("text", "breaker", "store"),
    [
        ("", False, False),
        ("self-healing:*", True, True),
        ("*", True, True),
        ("self-healing:circuit-breaker", True, False),
        ("self-healing:CircuitBreaker", True, False),
        ("self-healing:Circuit*,self-healing:Store", True, True),
        ("self-healing:*,-self-healing:CircuitBreaker", False, True),
        ("self-healing:circuit-breaker,self-healing:store", True, True),
        ("self-healing:circuit-breaker  self-healing:st*", True, True),
        ("self-healing:*,-self-healing:store", True, False),
        ("-self-healing:store self-healing:*", True, False),
        ("-*,*", False, False),
        ("-self-healing:store", False, False),
        ("*:*-breaker", True, False),
        ("self-healing", False, False),
        ("SELF-HEALING:*", False, False),
        ("express:*", False, False),
        ("self.healing:*", False, False),
        (" , -, ", False, False),
    ],
)
def test_debug_patterns(text: str, breaker: bool, store: bool) -> None:  # noqa: FBT001
    """As node's debug reads them, by either name of a component."""
    patterns = DebugPatterns(text)

    assert (breaker, store) == (
        patterns.match("CircuitBreaker"),
        patterns.match("Store"),
    )


def test_debug_switches_on_what_it_names(tmp_path: Path) -> None:
    """The others keep their level."""
    log = Log(tmp_path / "log", level="warning", debug="self-healing:store")
    for component in ("Store", "Config"):
        logs.get(component).debug("one")
        logs.get(component).info("two")

    assert "T Store              debug: one\nT Store              two\n" == log.text()


def test_a_level_shows_itself_and_what_is_worse(tmp_path: Path) -> None:
    """At debug everything is shown, whatever $DEBUG says."""
    log = Log(tmp_path / "log", level="debug")
    logs.get("Store").debug("one")

    assert "T Store              debug: one\n" == log.text()


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colour_is_for_terminals(environ: dict[str, str], *, wanted: bool) -> None:
    """Unless NO_COLOR has any value; never in a file or a pipe."""
    master, slave = pty.openpty()
    with os.fdopen(master), os.fdopen(slave, "w") as terminal:
        assert wanted is logs.wants_color(terminal, environ)
    assert not logs.wants_color(io.StringIO(), environ)


async def test_lines_of_loop_and_threads_come_in_order(tmp_path: Path) -> None:
    """Before, during and after the task; ``close`` writes the rest."""
    path = tmp_path / "log"
    with path.open("wb") as file:
        writer = Writer(file.fileno(), notice=count)
        writer.put(b"before\n")
        assert b"before\n" == path.read_bytes()
        async with trio.open_nursery() as nursery:
            await nursery.start(writer.run)
            writer.put(b"loop\n")
            await trio.to_thread.run_sync(writer.put, b"thread\n")
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        writer.put(b"after\n")
        assert writer.close()
        writer.put(b"closed\n")

    assert b"before\nloop\nthread\nafter\nclosed\n" == path.read_bytes()
    assert 0 == writer.lost


async def test_a_stuck_reader_holds_nobody(nursery: trio.Nursery) -> None:
    """The oldest lines are dropped and counted, and the next reader is told."""
    read_end, write_end = os.pipe()
    line = b"x" * 99 + b"\n"
    with os.fdopen(read_end, "rb", buffering=0) as pipe, os.fdopen(write_end, "wb"):
        writer = Writer(write_end, notice=count)
        await nursery.start(writer.run)
        with trio.fail_after(60):
            for _ in range(3 * QUEUED):
                writer.put(line)
                await trio.lowlevel.checkpoint()
            assert writer.lost > QUEUED
            got = b""
            while (told := re.search(rb"^(\d+) lost\n", got, re.MULTILINE)) is None:
                got += await trio.to_thread.run_sync(pipe.read, 65536)
            assert writer.lost == int(told[1])
            nursery.cancel_scope.cancel()
            while got.count(line) + writer.lost < 3 * QUEUED:
                with trio.CancelScope(shield=True):
                    got += await trio.to_thread.run_sync(pipe.read, 65536)
                    writer.close(0)
    assert 3 * QUEUED == got.count(line) + writer.lost


async def test_a_stuck_reader_does_not_prevent_the_end() -> None:
    """Cancel and close come back while a write hangs; the reader gets it later."""
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as pipe, os.fdopen(write_end, "wb"):
        writer = Writer(write_end, notice=count)
        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                await nursery.start(writer.run)
                writer.put(b"x" * 1_000_000)
                writer.put(b"end")
                await wait_all_tasks_blocked()
                nursery.cancel_scope.cancel()
        assert not writer.close(0.01)
        whole = await trio.to_thread.run_sync(pipe.read, 1_000_003)
        assert writer.close(30)

    assert b"x" * 1_000_000 + b"end" == whole


async def test_a_non_blocking_terminal_loses_nothing() -> None:
    """Somebody else may have made the shared descriptor so."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    with os.fdopen(read_end, "rb") as pipe, os.fdopen(write_end, "wb"):
        writer = Writer(write_end, notice=count)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, writer.put, b"x" * 1_000_000)
            whole = await trio.to_thread.run_sync(pipe.read, 1_000_000)

    assert b"x" * 1_000_000 == whole


def test_a_closed_pipe_is_counted_not_raised() -> None:
    """There is nowhere left to tell it."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    writer = Writer(write_end, notice=count)

    writer.put(b"one\n")
    writer.put(b"two\n")
    os.close(write_end)

    assert 2 == writer.lost
    assert writer.close()


def test_a_full_disk_is_counted_not_raised() -> None:
    """Nor may it crash the daemon."""
    with Path("/dev/full").open("wb") as full:
        writer = Writer(full.fileno(), notice=count)
        writer.put(b"one\n")

    assert 1 == writer.lost


def test_dropped_lines_are_told_in_the_logs_own_format(tmp_path: Path) -> None:
    """As a warning of the daemon."""
    log = Log(tmp_path / "log")

    line = log.writer._notice(3).decode()

    words = "warning: 3 log lines were dropped: nobody took them in time\n"
    assert f"T Daemon             {words}" == CLOCK.sub("T ", line)
    log.file.close()
