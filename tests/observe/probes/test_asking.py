"""Every kind of question, put to real servers and commands."""

import math
import os
import socket
import ssl
import threading
from pathlib import Path

import pytest
import trio
from servers import hangs, says, served

from selfhealingd.core.ask import Answer, Ask, Connect, Exec, Http, Outcome, Tls
from selfhealingd.core.launch import Launch
from selfhealingd.core.output import LogTo
from selfhealingd.core.readiness import Notify, Readiness, Tcp, Unix
from selfhealingd.observe.pressure import Pressure
from selfhealingd.observe.probes.asking import Asker
from selfhealingd.observe.probes.command import Ended

OK, FAILED, UNKNOWN = Outcome.OK, Outcome.FAILED, Outcome.UNKNOWN
HERE = "127.0.0.1"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
WEB = Launch(argv=("web",))


async def no_command(_launch: Launch, _seconds: float) -> Ended:
    raise AssertionError


async def asked(ask: Ask, seconds: float = 20) -> Answer:
    """Ask, on a host of which nothing is known."""
    asker = Asker(no_command, Pressure(Path("/nonexistent")))
    return await asker.ask(ask, WEB, seconds)


def at(port: int) -> Tcp:
    return Tcp(HERE, port)


async def test_http() -> None:
    """The status decides."""
    async with served(says(HELLO)) as port:
        answer = await asked(Http(host=HERE, port=port))
    assert Answer(OK, "HTTP 200 OK") == answer


@pytest.mark.parametrize("host", ["", "localhost"])
async def test_this_host_has_two_addresses(host: str) -> None:
    """One that answers is enough, and no name is looked up."""
    async with served(says(HELLO)) as port:
        assert OK is (await asked(Connect(place=Tcp(host, port)))).outcome


async def test_nobody_listens() -> None:
    """That is a failure, at once."""
    with socket.create_server((HERE, 0)) as listener:
        port = listener.getsockname()[1]
    for ask in (Http(host=HERE, port=port), Connect(place=at(port))):
        expected = Answer(FAILED, f"nothing listens on {HERE}:{port}")
        assert expected == await asked(ask)


async def test_we_do_not_meet_ourselves() -> None:
    """A free port of the range for clients can be connected to from itself."""
    with socket.create_server((HERE, 0)) as listener:
        port = listener.getsockname()[1]
    for _ in range(200):
        assert FAILED is (await asked(Connect(place=at(port)))).outcome


async def test_a_server_that_hangs() -> None:
    """It takes the connection, but that is all."""
    async with served(hangs) as port:
        expected = Answer(FAILED, "no answer within 0.1 s", "no answer")
        assert expected == await asked(Http(host=HERE, port=port), 0.1)
        assert expected == await asked(Connect(place=at(port), expect="x"), 0.1)
        assert OK is (await asked(Connect(place=at(port)))).outcome


async def test_a_server_that_hangs_before_tls() -> None:
    """So it is found out by the handshake."""
    async with served(hangs) as port:
        answer = await asked(Connect(place=at(port), tls=Tls()), 0.1)
    assert Answer(FAILED, "no answer within 0.1 s", "no answer") == answer


async def test_https(spoken: ssl.SSLContext) -> None:
    """Whose certificate it is doesn't matter, unless that is asked for."""
    async with served(says(HELLO), spoken) as port:
        answer = await asked(Http(host=HERE, port=port, tls=Tls()))
        checked = await asked(Http(host=HERE, port=port, tls=Tls(verify=True)))
    assert OK is answer.outcome
    assert Answer(FAILED, "TLS: self-signed certificate") == checked


async def test_a_certificate_that_is_known(
    spoken: ssl.SSLContext, certificate: Path
) -> None:
    """It has to name the host, or who is said to be there."""
    authorities = str(certificate)
    async with served(says(HELLO), spoken) as port:
        right = Tls(verify=True, authorities=authorities, name="web.test")
        wrong = Tls(verify=True, authorities=authorities)
        assert OK is (await asked(Connect(place=at(port), tls=right))).outcome
        answer = await asked(Connect(place=at(port), tls=wrong))
    assert FAILED is answer.outcome
    assert "TLS: IP address mismatch" in answer.words


async def test_authorities_that_can_not_be_read() -> None:
    """That is no failure of who is asked."""
    async with served(hangs) as port:
        tls = Tls(verify=True, authorities="/nonexistent")
        answer = await asked(Connect(place=at(port), tls=tls))
    words = "cannot read certificates of /nonexistent: No such file or directory"
    assert Answer(UNKNOWN, words) == answer


async def test_no_tls_there() -> None:
    """What answers otherwise is broken."""
    async with served(says(b"what?\r\n")) as port:
        answer = await asked(Http(host=HERE, port=port, tls=Tls()))
    assert FAILED is answer.outcome
    assert answer.words.startswith("TLS: ")


async def test_a_connection_that_breaks_off() -> None:
    """As of a server that is killed meanwhile."""

    async def resets(stream: trio.abc.Stream) -> None:
        assert isinstance(stream, trio.SocketStream)
        await stream.receive_some()
        linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    async with served(resets) as port:
        answer = await asked(Http(host=HERE, port=port))
    assert Answer(FAILED, "the connection broke off") == answer


async def test_a_unix_socket(tmp_path: Path) -> None:
    """One that listens, one that nobody does, one whose queue is full."""
    path = tmp_path / "s"
    ask = Connect(place=Unix(str(path)))
    missing = Answer(FAILED, f"nothing listens on {path}")
    assert missing == await asked(ask)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(path))
        assert missing == await asked(ask)
        listener.listen(0)
        assert OK is (await asked(ask)).outcome
        full = await asked(ask, 0.3)
    # The first connection, gone by now, is still in the queue.
    assert Answer(FAILED, "no answer within 0.3 s", "no answer") == full


async def test_http_over_a_unix_socket(tmp_path: Path) -> None:
    """The URL's host is only what it is called."""
    path = tmp_path / "s"
    heard = b""
    with trio.socket.socket(socket.AF_UNIX) as plain:
        await plain.bind(os.fspath(path))
        plain.listen()

        async def answer() -> None:
            nonlocal heard
            stream, _ = await plain.accept()
            with stream:
                heard = await stream.recv(4096)
                await stream.send(HELLO)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer)
            ask = Http(host="web.test", port=80, target="/a?b=c", socket=str(path))
            assert OK is (await asked(ask)).outcome
    assert heard.startswith(b"GET /a?b=c HTTP/1.1\r\nHost: web.test\r\n")


async def test_a_name_that_leads_nowhere() -> None:
    """Nobody was asked, so nobody has failed."""
    answer = await asked(Http(host="nowhere.invalid", port=80))
    assert UNKNOWN is answer.outcome
    assert answer.words.startswith("cannot look up nowhere.invalid: ")


async def test_no_descriptor_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """That we can't ask is our own trouble."""

    def refused(*_: object) -> None:
        raise OSError(24, "")

    monkeypatch.setattr(trio.socket, "socket", refused)
    answer = await asked(Connect(place=at(80)))
    words = f"cannot connect to {HERE}:80: Too many open files"
    assert Answer(UNKNOWN, words) == answer


async def test_a_command() -> None:
    """It runs as its program does, without what is the program's alone."""
    seen: list[tuple[Launch, float]] = []

    async def run(launch: Launch, seconds: float) -> Ended:
        seen.append((launch, seconds))
        return Ended(code=0)

    web = Launch(
        argv=("web",),
        environment={"A": "b"},
        directory=Path("/srv"),
        stdout=LogTo(path=Path("/log")),
        readiness=Readiness(sign=Notify()),
        watchdog=3,
    )
    asker = Asker(run, Pressure(Path("/nonexistent")))
    answer = await asker.ask(Exec(("check",)), web, 3)
    assert OK is answer.outcome
    expected = Launch(argv=("check",), environment={"A": "b"}, directory=Path("/srv"))
    assert [(expected, 3)] == seen


async def test_a_host_under_pressure(tmp_path: Path) -> None:
    """Who is asked has more time then."""
    for name in ("cpu", "io"):
        (tmp_path / name).write_text("some avg10=90.00 avg60=0.00\n")
    seen = []

    async def run(_launch: Launch, seconds: float) -> Ended:
        seen.append(seconds)
        return Ended(timed_out=True)

    asker = Asker(run, Pressure(tmp_path))
    answer = await asker.ask(Exec(("check",)), WEB, 3)
    assert [12] == seen
    assert Answer(FAILED, "it has not ended within 12 s") == answer
    async with served(hangs) as port:
        answer = await asker.ask(Http(host=HERE, port=port), WEB, 0.05)
    assert "no answer within 0.2 s" == answer.words


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))  # noqa: PTH208 - their names are enough


async def test_many_at_once_take_no_threads() -> None:
    """Two hundred that hang are two hundred descriptors, and then none."""
    before = descriptors()
    threads = threading.active_count()
    async with served(hangs) as port:
        ask = Http(host=HERE, port=port)
        async with trio.open_nursery() as nursery:
            for _ in range(200):
                nursery.start_soon(asked, ask, math.inf)
            await trio.testing.wait_all_tasks_blocked(0.05)
            assert threads == threading.active_count()
            nursery.cancel_scope.cancel()
    assert before >= descriptors()
