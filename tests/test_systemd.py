"""The protocol of systemd, spoken to a socket of our own."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from selfhealingd import systemd
from selfhealingd.systemd import (
    Notifier,
    is_journal,
    passed_sockets,
    tell_at_once,
    watchdog_secs,
)

PID = 42


@pytest.fixture
def manager() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.settimeout(20)
        yield sock


async def test_each_message_is_one_datagram(
    manager: socket.socket, tmp_path: Path
) -> None:
    """One assignment a line; a status is one line whatever it says."""
    manager.bind(str(tmp_path / "notify"))
    notifier = Notifier(str(tmp_path / "notify"))
    await notifier.tell(systemd.READY, systemd.status("2 programs\nREADY=0"))
    assert b"READY=1\nSTATUS=2 programs READY=0" == manager.recv(4096)


def test_who_has_no_loop_can_tell_as_well(
    manager: socket.socket, tmp_path: Path
) -> None:
    """And is held up by nobody who isn't there."""
    address = str(tmp_path / "notify")
    tell_at_once({"NOTIFY_SOCKET": address}, systemd.status("a"))
    tell_at_once({}, systemd.status("b"))
    manager.bind(address)
    tell_at_once({"NOTIFY_SOCKET": address}, systemd.status("c \udcff"))
    assert b"STATUS=c ?" == manager.recv(4096)


def test_a_stream_is_the_journals_if_it_is_the_one_that_is_named(
    tmp_path: Path,
) -> None:
    """Who inherited the variable may have had its stream sent elsewhere."""
    with (tmp_path / "log").open("w") as file:
        found = os.fstat(file.fileno())
        named = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        assert is_journal(file.fileno(), named)
        assert not is_journal(file.fileno(), {"JOURNAL_STREAM": "1:2"})
        assert not is_journal(file.fileno(), {})
    assert not is_journal(-1, named)


async def test_an_abstract_address(manager: socket.socket) -> None:
    """As user managers of old, and containers, have it."""
    name = f"selfhealingd-test-{os.getpid()}"
    manager.bind(f"\0{name}")
    await Notifier(f"@{name}").tell(systemd.ALIVE)
    assert b"WATCHDOG=1" == manager.recv(4096)


@pytest.mark.parametrize("address", [None, ""])
async def test_nobody_is_told_where_nobody_listens(address: str | None) -> None:
    """In a shell, or a container."""
    notifier = Notifier(address)
    assert not notifier.listening
    await notifier.tell(systemd.READY)


async def test_a_manager_that_is_gone_costs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told once, and the daemon goes on."""
    notifier = Notifier(str(tmp_path / "gone"))
    await notifier.tell(systemd.READY)
    await notifier.tell(systemd.ALIVE)
    assert 1 == capsys.readouterr().out.count("cannot tell systemd")


async def test_a_manager_that_takes_nothing_holds_up_nobody(
    manager: socket.socket,
    tmp_path: Path,
    autojump_clock: MockClock,  # noqa: ARG001 - it jumps by itself
) -> None:
    """Its queue is full: given up after some seconds."""
    manager.bind(str(tmp_path / "notify"))
    notifier = Notifier(str(tmp_path / "notify"))
    before = trio.current_time()
    while trio.current_time() == before:
        await notifier.tell(systemd.ALIVE)
    assert before + systemd.SEND_SECS == pytest.approx(trio.current_time())


def test_a_reload_tells_its_time() -> None:
    """In microseconds of CLOCK_MONOTONIC, as systemd compares it."""
    begin, stamp = systemd.reloading()
    assert "RELOADING=1" == begin
    name, _, value = stamp.partition("=")
    assert ("MONOTONIC_USEC", True) == (name, value.isdecimal())


def test_more_time_is_asked_for_in_microseconds() -> None:
    assert "EXTEND_TIMEOUT_USEC=1500000" == systemd.extend_timeout(1.5)


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "42"}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog(environ: dict[str, str], seconds: float | None) -> None:
    """Only what is meant for this process counts."""
    assert seconds == watchdog_secs(environ, PID)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "control"},
        {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "control", "LISTEN_PID": "41"},
        {"LISTEN_FDS": "x", "LISTEN_FDNAMES": "control", "LISTEN_PID": "42"},
        {"LISTEN_FDS": "0", "LISTEN_FDNAMES": "", "LISTEN_PID": "42"},
    ],
)
def test_no_socket_was_passed(environ: dict[str, str]) -> None:
    """Or to another process, whose environment we have."""
    assert {} == passed_sockets(environ, PID)
