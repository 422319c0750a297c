"""All clients at once: none of them slows or ends another."""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from logging import Handler as LogHandler
from logging import LogRecord, getLogger
from pathlib import Path

import pytest
import trio

from selfhealingd.control.connection import Limits
from selfhealingd.control.listener import close_socket, open_socket
from selfhealingd.control.peer import Rights
from selfhealingd.control.registry import Call, Handler, Registry
from selfhealingd.control.server import CONNECTION, serve
from selfhealingd.wire.codec import Lines, decode_incoming
from selfhealingd.wire.messages import Incoming, Kind
from selfhealingd.wire.methods import METHODS
from selfhealingd.wire.operation import Done

STATUS = b'{"id": 1, "method": "status"}\n'
PAUSE = b'{"id": 1, "method": "pause-all"}\n'
NOBODY = 65534

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can start a client as another user"
)

CLIENT = """
import contextlib, socket, sys
with socket.socket(socket.AF_UNIX) as sock:
    sock.connect(sys.argv[1])
    with contextlib.suppress(BrokenPipeError):  # turned away, and told why
        sock.sendall(sys.argv[2].encode())
    sys.stdout.write(sock.makefile().readline())
    sys.stdout.flush()
    sys.stdin.read()
"""


async def done(call: Call, _params: object) -> Done:
    await trio.lowlevel.checkpoint()
    return Done(words=f"uid {call.peer.uid}")


@dataclass
class Daemon:
    """A server under test. ``stop`` ends it as the daemon does."""

    path: Path
    stop: trio.CancelScope = field(default_factory=trio.CancelScope)
    errors: list[tuple[Exception, str]] = field(default_factory=list)

    async def connect(self) -> trio.SocketStream:
        with trio.fail_after(10):
            return await trio.open_unix_socket(self.path)


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    limits: Limits | None = None,
    rights: Rights | None = None,
    **handlers: Handler,
) -> AsyncIterator[Daemon]:
    daemon = Daemon(folder / "control.sock")
    control = open_socket(daemon.path, mode=0o666)
    registry = Registry({**dict.fromkeys(METHODS, done), **handlers})

    async def run(*, task_status: trio.TaskStatus[None]) -> None:
        with daemon.stop:
            await serve(
                control.listener,
                registry,
                rights=rights or Rights(daemon_uid=os.getuid()),
                on_error=lambda error, method: daemon.errors.append((error, method)),
                limits=limits or Limits(),
                task_status=task_status,
            )

    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(run)
            yield daemon
            daemon.stop.cancel()
    finally:
        close_socket(control)


async def read(stream: trio.SocketStream) -> Incoming | None:
    """Return the next message where one comes at a time, None at the end."""
    lines = Lines()
    with trio.fail_after(10):
        while data := await stream.receive_some(65536):
            for line in lines.feed(data):
                return decode_incoming(line)
    return None


async def ask(stream: trio.SocketStream, line: bytes = STATUS) -> Incoming:
    with trio.fail_after(10):
        await stream.send_all(line)
    answer = await read(stream)
    assert answer is not None
    return answer


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, as pytest's own may not be."""
    folder = Path(tempfile.mkdtemp(prefix="control-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def client_as(
    uid: int, path: Path, line: bytes, groups: tuple[int, ...] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """A client of another user, connected until the block ends."""
    with subprocess.Popen(
        ["/usr/bin/env", "python3", "-c", CLIENT, str(path), line.decode()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        user=uid,
        group=uid,
        extra_groups=groups,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


async def answer_to(process: subprocess.Popen[bytes]) -> Incoming:
    assert process.stdout is not None
    with trio.fail_after(20):
        line = await trio.to_thread.run_sync(process.stdout.readline)
    return decode_incoming(line)


async def test_two_clients_are_served_side_by_side(tmp_path: Path) -> None:
    """One that waits for its answer keeps nobody from theirs."""
    opened = trio.Event()

    async def reload(_call: Call, _params: object) -> Done:
        await opened.wait()
        return Done(words="reloaded")

    async with (
        serving(tmp_path, reload=reload) as daemon,
        await daemon.connect() as one,
        await daemon.connect() as two,
    ):
        await one.send_all(b'{"id": 1, "method": "reload"}\n')
        for number in range(100):
            answer = await ask(two, b'{"id": %d, "method": "status"}\n' % number)
            assert answer.id == number
        opened.set()
        answer = await ask(one, b"")
        assert b"reloaded" in bytes(answer.result)


async def test_the_65th_client_is_told_that_there_is_no_room(tmp_path: Path) -> None:
    """It is turned away at once with words; a place that gets free is given again."""
    async with serving(tmp_path) as daemon, AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(await daemon.connect()) for _ in range(64)
        ]
        for client in clients:
            assert (await ask(client)).error is None

        async with await daemon.connect() as late:
            refused = await read(late)
            assert refused is not None
            assert refused.error is not None
            assert refused.error.data.kind is Kind.BUSY
            assert "64 at a time" in refused.error.message
            assert await read(late) is None

        assert (await ask(clients[0])).error is None
        await clients.pop().aclose()
        # The server learns of the free place when it reads the end of that stream.
        with trio.fail_after(10):
            while True:
                async with await daemon.connect() as next_one:
                    if (await ask(next_one)).error is None:
                        break


@needs_root
@pytest.mark.process
async def test_observers_cannot_lock_operators_out(open_folder: Path) -> None:
    """Some places are kept for operators."""
    limits = Limits(connections=3, reserved=2)
    async with serving(open_folder, limits=limits) as daemon:
        path = daemon.path
        with client_as(NOBODY, path, STATUS) as first:
            assert (await answer_to(first)).error is None
            with client_as(NOBODY, path, STATUS) as second:
                refused = await answer_to(second)
            assert refused.error is not None
            assert refused.error.data.kind is Kind.BUSY
            assert "2 of them are kept for operators" in refused.error.message
            async with await daemon.connect() as operator:
                assert (await ask(operator)).error is None


@needs_root
@pytest.mark.process
@pytest.mark.parametrize(
    ("rights", "groups", "allowed"),
    [
        (Rights(daemon_uid=0), (), False),
        (Rights(daemon_uid=0), (0, 7), False),
        (Rights(daemon_uid=NOBODY), (), True),
        (Rights(daemon_uid=0, operator_uids=frozenset({NOBODY})), (), True),
        (Rights(daemon_uid=0, operator_gids=frozenset({NOBODY})), (), True),
        (Rights(daemon_uid=0, operator_gids=frozenset({10})), (7, 10), True),
        (Rights(daemon_uid=0, operator_gids=frozenset({10})), (7, 11), False),
        # More groups than can be read: none of them counts.
        (Rights(daemon_uid=0, operator_gids=frozenset({10})), (*range(300),), False),
    ],
)
async def test_what_a_user_may_do_is_decided_by_the_kernels_word(
    open_folder: Path, rights: Rights, groups: tuple[int, ...], *, allowed: bool
) -> None:
    """Everybody who can connect observes; operating takes a named uid or group."""
    async with serving(open_folder, rights=rights) as daemon:
        with client_as(NOBODY, daemon.path, STATUS, groups) as client:
            answer = await answer_to(client)
            assert answer.error is None
            assert b"uid 65534" in bytes(answer.result)
        with client_as(NOBODY, daemon.path, PAUSE, groups) as client:
            answer = await answer_to(client)
    assert (answer.error is None) is allowed
    if answer.error is not None:
        assert answer.error.data.kind is Kind.NOT_PERMITTED
        assert answer.error.message.startswith(
            "cannot pause all tasks: uid 65534 is not an operator; that takes root"
        )


async def test_a_broken_connection_ends_alone(tmp_path: Path) -> None:
    """What fails outside of any request is reported; the others go on."""

    async def subscribe(call: Call, _params: object) -> Done:
        def fail() -> None:
            raise LookupError

        call.on_close(fail)
        await trio.lowlevel.checkpoint()
        return Done(words="subscribed")

    async with serving(tmp_path, subscribe=subscribe) as daemon:
        async with await daemon.connect() as one, await daemon.connect() as two:
            await ask(one, b'{"id": 1, "method": "subscribe"}\n')
            await one.aclose()
            with trio.fail_after(10):
                while not daemon.errors:
                    assert (await ask(two)).error is None
        [(error, method)] = daemon.errors
        assert (type(error), method) == (LookupError, CONNECTION)


async def test_the_last_words_are_sent_when_the_server_ends(tmp_path: Path) -> None:
    """Who asks for the shutdown is still told what came of it."""
    calls = list[Call]()

    async def shutdown(call: Call, _params: object) -> Done:
        calls.append(call)
        await trio.lowlevel.checkpoint()
        return Done(words="stopping")

    async with (
        serving(tmp_path, shutdown=shutdown) as daemon,
        await daemon.connect() as client,
    ):
        await ask(client, b'{"id": 1, "method": "shutdown"}\n')
        calls[0].notify("finished", Done(words="stopped"))
        daemon.stop.cancel()
        last = await read(client)
        assert last is not None
        assert last.method == "finished"
        assert await read(client) is None


class Heard(LogHandler):
    """Sets its event when something is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.event = trio.Event()

    def emit(self, record: LogRecord) -> None:
        assert "EMFILE" in record.getMessage()
        self.event.set()


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Let the process open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_running_out_of_descriptors_is_waited_out(tmp_path: Path) -> None:
    """Clients wait until there are some again, and are served then."""
    heard = Heard()
    logger = getLogger("trio.serve_listeners")
    logger.addHandler(heard)
    try:
        async with serving(tmp_path) as daemon:
            with trio.socket.socket(trio.socket.AF_UNIX) as sock:
                with no_descriptor_left(), trio.fail_after(10):
                    await sock.connect(str(daemon.path))
                    await heard.event.wait()
                answer = await ask(trio.SocketStream(sock))
                assert answer.error is None
    finally:
        logger.removeHandler(heard)
