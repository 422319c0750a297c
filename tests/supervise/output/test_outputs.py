"""Programs' output arrives where it belongs, through real FIFOs and real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
import trio

from selfhealingd.core.output import Elsewhere, LogTo
from selfhealingd.supervise.handles import Handles
from selfhealingd.supervise.output import routes
from selfhealingd.supervise.output.errors import OutputError
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.supervise.output.routes import Surroundings
from selfhealingd.supervise.output.tail import START, tail

Whole = Callable[[Path], bytes]
Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture
def log(tmp_path: Path) -> LogTo:
    """Give a log with the usual settings."""
    return LogTo(path=tmp_path / "logs" / "web.log")


async def _drained(outputs: Outputs, name: str = "web") -> None:
    assert await outputs.drain(name, 20)


@pytest.mark.process
async def test_a_program_with_both_streams(outputs: Outputs, tmp_path: Path) -> None:
    """Stdout and stderr go to their own logs."""
    out, err = (LogTo(path=tmp_path / name) for name in ("out.log", "err.log"))
    handles = outputs.open("web", out, err)
    argv = ["/bin/sh", "-c", "echo out; echo err >&2"]
    await trio.run_process(argv, stdout=handles.stdout, stderr=handles.stderr)
    await _drained(outputs)
    assert (b"out\n", b"err\n") == (out.path.read_bytes(), err.path.read_bytes())


@pytest.mark.process
async def test_stderr_with_stdout(outputs: Outputs, log: LogTo) -> None:
    """Redirected, both are one descriptor, and lines stay in their order."""
    handles = outputs.open("web", log)
    argv = ["/bin/sh", "-c", "for i in 1 2 3; do echo $i; echo -$i >&2; done"]
    await trio.run_process(argv, stdout=handles.stdout, stderr=handles.stderr)
    await _drained(outputs)
    assert b"1\n-1\n2\n-2\n3\n-3\n" == log.path.read_bytes()


@pytest.mark.process
async def test_the_end_of_a_log_is_known(outputs: Outputs, log: LogTo) -> None:
    """Where it ends after the last move, also once it was rotated or cleared."""
    assert (None, False) == (outputs.end(log.path), outputs.wrote(log.path))
    handles = outputs.open("web", msgspec.structs.replace(log, max_bytes=10))
    for text, end in ((b"one\n", 4), (b"two\n", 8), (b"three\n", 6)):
        os.write(handles.stdout, text)
        await _drained(outputs)
        assert end == outputs.end(log.path)
        assert outputs.wrote(log.path)
    await outputs.clear(log.path)
    assert 0 == outputs.end(log.path)


@pytest.mark.process
async def test_the_end_of_a_log_that_is_asked_for(outputs: Outputs, log: LogTo) -> None:
    """What is written after that is not in it, whenever the answer is heard."""
    assert outputs.settling_end(log.path) is None
    handles = outputs.open("web", log)
    for number in range(20):
        os.write(handles.stdout, b"last\n")
        await _drained(outputs)
        soon = outputs.settling_end(log.path)
        os.write(handles.stdout, b"next\n")
        await _drained(outputs)
        assert soon is not None
        assert (10 * number + 5, 10 * number + 10) == (
            await soon(),
            outputs.end(log.path),
        )


def test_nowhere_has_no_fifo(tmp_path: Path) -> None:
    """What nobody wants costs nothing."""
    outputs = Outputs(tmp_path)
    handles = outputs.open("web", Elsewhere.NOWHERE)
    assert Handles(subprocess.DEVNULL, subprocess.DEVNULL) == handles
    assert [] == list(tmp_path.rglob("*"))


@pytest.mark.process
async def test_drained_although_a_descendant_writes_for_ever(
    outputs: Outputs, log: LogTo
) -> None:
    """The end of a program is not held up by what it left behind."""
    handles = outputs.open("web", log)
    argv = ["/bin/sh", "-c", "yes 2>/dev/null & echo $! >&2; echo; echo last"]
    program = await trio.run_process(argv, stdout=handles.stdout, capture_stderr=True)
    try:
        await _drained(outputs)
        assert b"\nlast\n" in log.path.read_bytes()
    finally:
        os.kill(int(program.stderr), signal.SIGKILL)


async def test_a_new_daemon_finds_what_was_written(tmp_path: Path, log: LogTo) -> None:
    """What a program wrote while no daemon was there is moved by the next one."""
    first = Outputs(tmp_path / "run")
    async with trio.open_nursery() as nursery:
        await nursery.start(first.run)
        program = os.dup(first.open("web", log).stdout)
        os.write(program, b"one\n")
        await _drained(first)
        nursery.cancel_scope.cancel()
    os.write(program, b"two\n")
    second = Outputs(tmp_path / "run")
    assert {"web"} == second.strangers()
    async with trio.open_nursery() as nursery:
        await nursery.start(second.run)
        second.open("web", log)
        await _drained(second)
        nursery.cancel_scope.cancel()
    assert b"one\ntwo\n" == log.path.read_bytes()
    os.close(program)


async def test_a_stream_that_is_no_longer_wanted(tmp_path: Path, log: LogTo) -> None:
    """A running program whose stderr was redirected meanwhile is not left to block."""
    first = Outputs(tmp_path / "run")
    async with trio.open_nursery() as nursery:
        await nursery.start(first.run)
        other = LogTo(path=tmp_path / "err.log")
        program = os.dup(first.open("web", log, other).stderr)
        nursery.cancel_scope.cancel()
    second = Outputs(tmp_path / "run")
    async with trio.open_nursery() as nursery:
        await nursery.start(second.run)
        handles = second.open("web", log)
        assert handles.stdout == handles.stderr
        os.write(program, b"still\n")
        await _drained(second)
        assert b"still\n" == log.path.read_bytes()
        handles = second.open("web", Elsewhere.NOWHERE)
        assert Handles(subprocess.DEVNULL, subprocess.DEVNULL) == handles
        os.write(program, b"dropped\n")
        await _drained(second)
        nursery.cancel_scope.cancel()
    assert b"still\n" == log.path.read_bytes()
    os.close(program)


async def test_another_target(outputs: Outputs, log: LogTo, tmp_path: Path) -> None:
    """Opened for another place, what comes goes there; the descriptor is the same."""
    new = LogTo(path=tmp_path / "new.log")
    handles = outputs.open("web", log)
    os.write(handles.stdout, b"one\n")
    await _drained(outputs)
    assert handles == outputs.open("web", new)
    os.write(handles.stdout, b"two\n")
    await _drained(outputs)
    assert (b"one\n", b"two\n") == (log.path.read_bytes(), new.path.read_bytes())


async def test_closed(outputs: Outputs, log: LogTo, tmp_path: Path) -> None:
    """A program that is no more leaves no FIFO and no descriptor."""
    handles = outputs.open("web", log)
    os.write(handles.stdout, b"one\n")
    await _drained(outputs)
    (route,) = outputs._routes.all
    mover = route.place.mover
    outputs.close("web")
    outputs.close("never-heard-of")
    assert set() == outputs.strangers()
    await mover.ask(lambda: None)
    assert not _is_open(handles.stdout)
    assert [] == list((tmp_path / "run" / "output").iterdir())


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


async def test_problems_are_told_and_end(tmp_path: Path) -> None:
    """A log that can't be written is a problem in words until it can be."""
    changed = trio.Event()
    outputs = Outputs(tmp_path / "run", changed=changed.set)
    (tmp_path / "logs").write_text("not a folder")
    log = LogTo(path=tmp_path / "logs" / "web.log")
    async with trio.open_nursery() as nursery:
        await nursery.start(outputs.run)
        handles = outputs.open("web", log)
        outputs.open("api", Elsewhere.NOWHERE)
        os.write(handles.stdout, b"one\n")
        with trio.fail_after(20):
            await changed.wait()
        assert ["web"] == list(outputs.problems())
        assert "cannot write log" in outputs.problems()["web"]
        assert not await outputs.drain("web", 0.05)
        (tmp_path / "logs").unlink()
        await _drained(outputs)
        assert {} == outputs.problems()
        nursery.cancel_scope.cancel()
    assert b"one\n" == log.path.read_bytes()


async def test_reopened_for_logrotate(outputs: Outputs, log: LogTo) -> None:
    """After a rename and a reopen, new lines are in the new file."""
    handles = outputs.open("web", log)
    os.write(handles.stdout, b"one\n")
    await _drained(outputs)
    log.path.rename(log.path.with_name("old"))
    await outputs.reopen_all()
    os.write(handles.stdout, b"two\n")
    await _drained(outputs)
    assert b"one\n" == log.path.with_name("old").read_bytes()
    assert b"two\n" == log.path.read_bytes()


async def test_cleared(outputs: Outputs, log: LogTo) -> None:
    """A log is emptied, whether its program runs or not."""
    handles = outputs.open("web", log)
    for _ in range(2):
        os.write(handles.stdout, b"one\n")
        await _drained(outputs)
        await outputs.clear(log.path)
        assert b"" == log.path.read_bytes()
    outputs.close("web")
    log.path.write_text("more")
    await outputs.clear(log.path)
    assert b"" == log.path.read_bytes()


async def test_clearing_a_link_is_refused(outputs: Outputs, tmp_path: Path) -> None:
    """Nothing is emptied by way of a link."""
    (tmp_path / "web.log").symlink_to(tmp_path / "precious")
    (tmp_path / "precious").write_text("precious")
    with pytest.raises(OutputError, match=r"cannot clear log .* symbolic link"):
        await outputs.clear(tmp_path / "web.log")
    assert "precious" == (tmp_path / "precious").read_text()


async def test_followed(outputs: Outputs, log: LogTo) -> None:
    """A follower is woken by what is moved, over rotations."""
    handles = outputs.open("web", LogTo(path=log.path, max_bytes=20, backups=50))
    os.write(handles.stdout, b"before\n")
    await _drained(outputs)
    shown = tail(log.path, lines=5)
    expected = b"".join(b"line %d\n" % number for number in range(50))
    got = b""
    with outputs.follow(log.path, shown.position) as follower, trio.fail_after(20):
        for line in expected.splitlines(keepends=True):
            os.write(handles.stdout, line)
            while len(got) < expected.index(line) + len(line):
                got += await anext(follower)
    assert (b"before\n", expected) == (shown.data, got)


async def test_followed_before_the_first_byte(outputs: Outputs, log: LogTo) -> None:
    """Who follows a program before it starts sees its first line."""
    with outputs.follow(log.path, START) as follower, trio.fail_after(20):
        handles = outputs.open("web", log)
        os.write(handles.stdout, b"first\n")
        assert b"first\n" == await anext(follower)


async def test_older_logs_are_compressed(
    outputs: Outputs, log: LogTo, whole: Whole, eventually: Eventually
) -> None:
    """All but the newest older one are, while lines come; nothing is lost by it."""
    target = LogTo(path=log.path, max_bytes=1000, backups=50, compress=True)
    handles = outputs.open("web", target)
    lines = [b"%06d\n" % number for number in range(2000)]
    for line in lines:
        os.write(handles.stdout, line)
    await _drained(outputs)
    await eventually(lambda: _all_packed(log.path.parent))
    assert b"".join(lines) == whole(log.path)
    assert {} == outputs.problems()


def _all_packed(folder: Path) -> bool:
    names = {file.name for file in folder.iterdir()}
    return {"web.log.1", "web.log.2.gz", "web.log.13.gz"} <= names and all(
        name.endswith(".gz") for name in names - {"web.log", "web.log.1"}
    )


class Terminal:
    """Outputs of which the daemon's stdout is a pipe of ours."""

    def __init__(self, outputs: Outputs, reader: int) -> None:
        self.outputs = outputs
        self.reader = reader


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    """Run outputs whose stdout and stderr we read."""
    reader, writer = os.pipe()
    outputs = Outputs(tmp_path / "run", around=Surroundings(writer, writer))
    async with trio.open_nursery() as nursery:
        await nursery.start(outputs.run)
        yield Terminal(outputs, reader)
        nursery.cancel_scope.cancel()
    for fd in (reader, writer):
        os.close(fd)


async def test_to_our_own_stdout(terminal: Terminal) -> None:
    """Containers see each line with its program's name, also one without an end."""
    web = terminal.outputs.open("web", Elsewhere.STDOUT, Elsewhere.STDERR)
    os.write(web.stdout, b"one\nrest")
    await _drained(terminal.outputs)
    os.write(web.stderr, b"two\n")
    await _drained(terminal.outputs)
    assert b"web: one\nweb: rest\nweb: two\n" == os.read(terminal.reader, 100)


async def test_a_stuck_stdout_holds_only_its_own(
    terminal: Terminal, log: LogTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who does not read our stdout holds neither the loop nor any log."""
    monkeypatch.setattr(routes, "_HELD_SECS", 0.01)
    web = terminal.outputs.open("web", Elsewhere.STDOUT)
    api = terminal.outputs.open("api", log)
    os.set_blocking(web.stdout, False)
    sent = 0
    with trio.fail_after(20):
        while "web" not in terminal.outputs.problems():
            try:
                sent += os.write(web.stdout, b"0123456789abcde\n" * 100)
            except BlockingIOError:
                await trio.sleep(0.02)
    words = terminal.outputs.problems()["web"]
    assert "the daemon's stdout has taken nothing for" in words
    os.write(api.stdout, b"one\n")
    await _drained(terminal.outputs, "api")
    assert b"one\n" == log.path.read_bytes()
    assert not await terminal.outputs.drain("web", 0.05)
    got = b""
    while got.count(b"\n") * 16 < sent:
        with trio.fail_after(20):
            got += await trio.to_thread.run_sync(os.read, terminal.reader, 65536)
    assert b"web: 0123456789abcde\n" * (sent // 16) == got


@pytest.mark.process
async def test_a_program_that_made_its_stdout_non_blocking(
    outputs: Outputs, log: LogTo
) -> None:
    """The next run has a blocking one, and loses nothing to a full FIFO."""
    code = "import os; os.set_blocking(1, False)"
    handles = outputs.open("web", log)
    await trio.run_process([sys.executable, "-c", code], stdout=handles.stdout)
    handles = outputs.open("web", log)
    await trio.run_process(["seq", "1", "100000"], stdout=handles.stdout)
    await _drained(outputs)
    numbers = log.path.read_bytes().split(b"\n")
    assert [b"%d" % n for n in range(1, 100_001)] == numbers[:-1]


async def test_what_is_held_is_there_for_who_comes_next(
    tmp_path: Path, log: LogTo
) -> None:
    """Between two who move it, although nobody else has its FIFO open."""
    async with trio.open_nursery() as nursery:
        first = Outputs(tmp_path)
        await nursery.start(first.run)
        handles = first.open("web", log)
        writer = os.dup(handles.stdout)
        held = first.hold()
        await first.stop()
        os.write(writer, b"last words\n")
        os.close(writer)
        second = Outputs(tmp_path)
        await nursery.start(second.run)
        second.open("web", log)
        for fd in held:
            os.close(fd)
        await _drained(second)
        assert b"last words\n" == log.path.read_bytes()
        nursery.cancel_scope.cancel()
