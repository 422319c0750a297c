"""Real children for the tests of this room, none of which outlives its test."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
import trio

from selfhealingd.core.launch import Launch
from selfhealingd.supervise import reaper
from selfhealingd.supervise.child import Child
from selfhealingd.supervise.handles import Handles
from selfhealingd.supervise.run import run_to_end
from selfhealingd.supervise.spawn import start
from selfhealingd.supervise.tree import send, wait_gone


@pytest.fixture
async def reaping(nursery: trio.Nursery) -> AsyncIterator[None]:
    """Have orphans come to us, and reap them; none outlives the test."""
    await nursery.start(reaper.serve)
    yield
    with trio.fail_after(20):
        # Not whom a test of another file, in this process as well, still has.
        while left := list(filter(reaper._is_nobodys, reaper.orphans())):
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await trio.sleep(0.01)


@pytest.fixture
async def begin(
    reaping: None,  # noqa: ARG001
) -> AsyncIterator[Callable[..., Awaitable[tuple[Child, str]]]]:
    """Start Python code, and return it with the first line that it prints."""
    children: list[Child] = []

    async def begin(
        code: str, *args: object, marks: Mapping[str, str] = {}, **more: object
    ) -> tuple[Child, str]:
        reader, writer = os.pipe2(os.O_CLOEXEC)
        argv = (sys.executable, "-u", "-c", code, *map(str, args))
        async with trio.lowlevel.FdStream(reader) as said:
            try:
                handles = Handles(writer, writer)
                launch = Launch(argv=argv, **more)  # type: ignore[arg-type]
                child = await start(launch, marks=marks, handles=handles)
            finally:
                os.close(writer)
            children.append(child)
            line = b""
            with trio.fail_after(20):
                while not line.endswith(b"\n"):
                    chunk = await said.receive_some(1)
                    assert chunk, f"ended without a word, only {line!r}"
                    line += chunk
        return child, line.decode().strip()

    yield begin
    with trio.fail_after(20):
        for child in children:
            await send(child, signal.SIGKILL)
            if child._pidfd >= 0:
                await child.wait()
                await wait_gone(child)
            child.close()


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Path]:
    """Write an executable file."""

    def script(text: str, name: str = "tool", mode: int = 0o755) -> Path:
        path = tmp_path / name
        path.write_text(text)
        path.chmod(mode)
        return path

    return script


@pytest.fixture
async def as_nobody(
    reaping: None,  # noqa: ARG001
) -> Callable[..., Awaitable[str]]:
    """Run Python code as an ordinary user without rights; return what it prints."""
    if os.geteuid() != 0:
        pytest.skip("only root may switch users")

    async def as_nobody(imports: str, code: str, *args: object) -> str:
        # Imports come first: the user may not be able to read the interpreter's files.
        drop = "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534)"
        text = f"{imports}\n{drop}\n{code}"
        argv = (sys.executable, "-c", text, *map(str, args))
        environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
        launch = Launch(argv=argv, environment=environment)
        return (await run_to_end(launch, {}, timeout=30)).tail

    return as_nobody


@pytest.fixture
def footprint() -> Callable[[], tuple[list[str], bool]]:
    """Say which descriptors we have open, and whether we have any child."""

    def footprint() -> tuple[list[str], bool]:
        open_now = sorted(file.name for file in Path("/proc/self/fd").iterdir())
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return open_now, False
        return open_now, True

    return footprint


@pytest.fixture
def zombie() -> Callable[[Child], None]:
    """Kill a child and wait until it is a zombie, without reaping it."""

    def zombie(child: Child) -> None:
        child.send(signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    return zombie
