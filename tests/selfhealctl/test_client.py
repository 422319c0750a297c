"""One conversation: answers, notifications, and every way it can end badly."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfhealctl.client import Connection, Notice, connect
from selfhealctl.errors import (
    CannotError,
    Garbage,
    Refused,
    TimedOut,
    Unreachable,
    UsageError,
)
from selfhealctl.exits import Status
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.methods import Names, Nothing

PATIENCE = 20.0
SHORT = 0.05


class Pair:
    """Our end as a Connection, and the daemon's end, written to by hand."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.connection = Connection(self.ours)

    def send(self, *messages: object) -> None:
        for message in messages:
            self.theirs.sendall(json.dumps(message).encode() + b"\n")

    def hang_up(self) -> None:
        self.theirs.close()

    def ask(self, timeout: float = PATIENCE) -> bytes:
        return self.connection.call("status", Nothing(), timeout)


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.ours.close()
    made.theirs.close()


def answer(result: object, number: object = 1) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "result": result}


def refusal(kind: Kind, number: object = 1, hint: str | None = None) -> object:
    error = {"code": kind.code, "message": "no", "data": {"kind": kind.value}}
    if hint is not None:
        error["data"] = {"kind": kind.value, "hint": hint}
    return {"jsonrpc": "2.0", "id": number, "error": error}


def test_a_request_is_one_line_of_json_rpc(pair: Pair) -> None:
    """What the daemon reads has a version, a method, parameters and an id."""
    pair.send(answer([]))
    pair.connection.call("stop", Names(names=("web",)), PATIENCE)
    assert json.loads(pair.theirs.recv(4096)) == {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "stop",
        "params": {"names": ["web"]},
    }


def test_the_result_comes_back_as_it_was_written(pair: Pair) -> None:
    """Neither order, nor spaces, nor the spelling of a number is changed."""
    pair.theirs.sendall(b'{"jsonrpc":"2.0","id":1,"result":{"b": 1.50, "a": 2}}\n')
    assert pair.ask() == b'{"b": 1.50, "a": 2}'


def test_notifications_that_overtake_the_answer_are_kept_in_order(pair: Pair) -> None:
    """A subscription's events may come between a request and its answer."""
    early = [
        {"jsonrpc": "2.0", "method": "event", "params": {"seq": n}} for n in (1, 2)
    ]
    pair.send(*early, answer({"words": "ok"}))
    assert json.loads(pair.ask()) == {"words": "ok"}
    assert [pair.connection.notice(PATIENCE) for _ in early] == [
        Notice("event", b'{"seq": 1}'),
        Notice("event", b'{"seq": 2}'),
    ]


@pytest.mark.parametrize("number", [1, None], ids=["own id", "no id"])
@pytest.mark.parametrize("kind", Kind)
def test_every_refusal_has_its_status(
    pair: Pair, kind: Kind, number: int | None
) -> None:
    """An error for us, or for whoever could not be told apart, is raised."""
    pair.send(refusal(kind, number, hint="try this"))
    with pytest.raises(Refused) as caught:
        pair.ask()
    expected = {
        Kind.BAD_REQUEST: Status.USAGE,
        Kind.NO_SUCH_NAME: Status.NO_SUCH_NAME,
        Kind.NOT_PERMITTED: Status.NOT_PERMITTED,
        Kind.TIMED_OUT: Status.TIMED_OUT,
    }
    assert expected.get(kind, Status.FAILED) == caught.value.exit_status
    assert ("cannot show the status: no", "try this") == (
        caught.value.words,
        caught.value.hint,
    )


@pytest.mark.parametrize("sent", [b"", b'{"jsonrpc":"2.0","id":1,"res'])
def test_a_silent_daemon_is_given_up(pair: Pair, sent: bytes) -> None:
    """Nothing, or half a line, ends at the deadline."""
    pair.theirs.sendall(sent)
    with pytest.raises(TimedOut, match=r"didn't answer in 0\.05 s"):
        pair.ask(SHORT)


def test_notifications_do_not_put_off_the_deadline_of_an_answer(pair: Pair) -> None:
    """A daemon that only chatters is given up as a silent one is."""
    event = {"jsonrpc": "2.0", "method": "event", "params": {}}
    pair.send(*[event] * 100)
    with pytest.raises(TimedOut):
        pair.ask(SHORT)


@pytest.mark.parametrize("sent", [b"", b'{"jsonrpc":"2.0","id":1,"res'])
def test_a_daemon_that_goes_away_is_not_reachable(pair: Pair, sent: bytes) -> None:
    """Whether or not it had begun to answer."""
    pair.theirs.sendall(sent)
    pair.hang_up()
    with pytest.raises(Unreachable, match="closed the connection"):
        pair.ask()


def test_a_daemon_that_turns_us_away_is_heard(pair: Pair) -> None:
    """Its words count even when our request met a closed socket."""
    pair.send(refusal(Kind.BUSY, None))
    pair.hang_up()
    with pytest.raises(Refused):
        pair.ask()


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 400 Bad Request\n",
        b"[]\n",
        b"\xff\xfe\n",
        b'{"jsonrpc":"2.0","id":1}\n',
        b'{"jsonrpc":"2.0","id":2,"result":{}}\n',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":1}}\n',
    ],
)
def test_garbage_is_told_as_such(pair: Pair, sent: bytes) -> None:
    """What is no answer to us ends the conversation with words and status 1."""
    pair.theirs.sendall(sent)
    with pytest.raises(Garbage, match="cannot understand the answer") as caught:
        pair.ask()
    assert Status.FAILED == caught.value.exit_status


def test_a_name_that_is_no_text_is_a_usage_error(pair: Pair) -> None:
    """Bytes of the command line that are not UTF-8 cannot be sent."""
    with pytest.raises(UsageError, match="not valid UTF-8"):
        pair.connection.call("stop", Names(names=("\udcff",)), PATIENCE)


def test_a_full_backlog_is_waited_for_until_the_deadline(tmp_path: Path) -> None:
    """A daemon that accepts nobody times out; it is not called absent."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(path))
        listener.listen(0)
        with (
            connect(path, PATIENCE),
            pytest.raises(TimedOut, match="accepted no connection"),
            connect(path, SHORT),
        ):
            pass


@pytest.mark.parametrize("timeout", [SHORT, None])
def test_waiting_for_a_notification_ends_with_the_daemon(
    pair: Pair, timeout: float | None
) -> None:
    """With or without a deadline."""
    pair.hang_up()
    with pytest.raises(CannotError):
        pair.connection.notice(timeout)
