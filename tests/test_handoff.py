"""Descriptors and what they are for, from one self to the next."""

import os

import pytest

from selfhealingd.handoff import VARIABLE, Handoff, Socket, take


@pytest.fixture
def handoff() -> Handoff:
    lock, listener, kept = (os.open(os.devnull, os.O_RDONLY) for _ in range(3))
    socket = Socket(listener, 1, 2)
    return Handoff(pid=os.getpid(), lock=lock, socket=socket, kept=(kept,))


def test_what_is_handed_on_stays_open_and_goes_no_further(handoff: Handoff) -> None:
    """The successor inherits it, its programs inherit neither it nor the word of it."""
    environ: dict[str, str] = {"A": "b"}
    handoff.write(environ)
    assert all(map(os.get_inheritable, handoff.descriptors))
    assert handoff == take(environ)
    assert {"A": "b"} == environ
    assert not any(map(os.get_inheritable, handoff.descriptors))
    handoff.release()
    for fd in handoff.kept:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)
    os.close(handoff.lock)
    os.close(handoff.socket.fd)


@pytest.mark.parametrize("text", ["", "no", "{}", '{"pid": 1}'])
def test_what_is_no_handoff_is_none(text: str) -> None:
    """And is not passed on either."""
    environ = {VARIABLE: text}
    assert take(environ) is None
    assert {} == environ
    assert take(environ) is None


def test_only_the_process_that_it_was_written_in_may_take_it(handoff: Handoff) -> None:
    """A daemon that a program of another one starts inherits its environment."""
    environ: dict[str, str] = {}
    Handoff(pid=1, lock=handoff.lock, socket=handoff.socket).write(environ)
    assert take(environ) is None
    handoff.release()
    os.close(handoff.lock)
    os.close(handoff.socket.fd)
