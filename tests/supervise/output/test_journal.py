"""Lines reach the journal as entries of their program."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from selfhealingd.supervise.output.fifo import Fifo
from selfhealingd.supervise.output.journal import Entries, Journal
from selfhealingd.supervise.output.relay import Relay
from selfhealingd.supervise.output.waiting import Gate


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Say where the journal listens."""
    return tmp_path / "journal"


@pytest.fixture
def listen(path: Path) -> Iterator[Callable[[], socket.socket]]:
    """Be the journal, from now on."""
    listening: list[socket.socket] = []

    def listen() -> socket.socket:
        path.unlink(missing_ok=True)
        listening.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        listening[-1].bind(str(path))
        listening[-1].settimeout(20)
        return listening[-1]

    yield listen
    for one in listening:
        one.close()


@pytest.fixture
def relay(path: Path) -> Iterator[Relay]:
    """Give web's way to the journal."""
    gate = Gate()
    journal = Journal(gate, path)
    yield Relay(Entries(journal, "web", "stderr"))
    journal.close()
    gate.close()


def test_a_line_is_an_entry(
    fifo: Fifo, relay: Relay, listen: Callable[[], socket.socket]
) -> None:
    """An entry names the program; ``<3>`` in front is its priority."""
    journal = listen()
    os.write(fifo.fd, b"one\n<3>two\n")
    relay.move(fifo)
    fields = (
        b"SYSLOG_IDENTIFIER=web\nSELFHEALINGD_PROGRAM=web\nSELFHEALINGD_STREAM=stderr\n"
    )
    assert fields + b"PRIORITY=5\nMESSAGE=one\n" == journal.recv(1000)
    assert fields + b"PRIORITY=3\nMESSAGE=two\n" == journal.recv(1000)


def test_a_journal_that_restarts(
    fifo: Fifo, relay: Relay, listen: Callable[[], socket.socket]
) -> None:
    """What comes while it is away waits for it."""
    first = listen()
    os.write(fifo.fd, b"one\n")
    relay.move(fifo)
    assert first.recv(1000).endswith(b"MESSAGE=one\n")
    first.close()
    os.write(fifo.fd, b"two\n")
    relay.move(fifo)
    assert "cannot write to the journal" in relay.complaint
    second = listen()
    relay.tick()
    assert second.recv(1000).endswith(b"MESSAGE=two\n")
    assert not relay.complaint


def test_a_journal_that_is_slow(
    fifo: Fifo, relay: Relay, listen: Callable[[], socket.socket]
) -> None:
    """Entries that its socket does not take at once are waited for, not dropped."""
    journal = listen()
    taken: list[bytes] = []

    def take() -> None:
        while not taken or b"MESSAGE=end\n" not in taken[-1]:
            taken.append(journal.recv(1000))

    for number in range(100):
        os.write(fifo.fd, b"%d\n" % number)
    os.write(fifo.fd, b"end\n")
    reader = threading.Thread(target=take)
    reader.start()
    relay.move(fifo)
    reader.join(20)
    assert 101 == len(taken)
