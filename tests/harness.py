"""The real daemon in a folder of its own, with real programs and its real socket.

Nothing of it outlives its test: what it started is found again by the mark in its
environment.
"""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import tomli_w
import trio

import selfhealingd

DEADLINE = 40.0
"""Seconds for what takes one: the machine may be loaded."""

MARK = "SELFHEALINGD_INSTANCE"
NOBODY = 65534

Document: TypeAlias = dict[str, Any]
Check: TypeAlias = Callable[[Document], bool]

HEALING: Document = {
    "backoff_initial": 0.05,
    "backoff_max": 0.2,
    "verify_secs": 0.3,
    "open_secs": 0.2,
    "max_concurrent_remedies": 1.0,
    "max_remedies_per_hour": 100_000,
}

_AS_USER = """
import contextlib, contextvars, difflib, grp, io, os, pwd, sys
import selfhealctl.app
uid = int(sys.argv[1])
sys.argv = ["selfhealctl", *sys.argv[2:]]
# Once for nothing: that user may not be able to read the interpreter's files.
with contextlib.redirect_stderr(io.StringIO()):
    sys.argv.insert(1, "--socket=/nonexistent")
    selfhealctl.app.run()
    del sys.argv[1]
os.setgroups([]); os.setgid(uid); os.setuid(uid)
selfhealctl.app.main()
"""


def sh(script: str, **keys: Any) -> Document:
    """Return a program table that runs a shell script."""
    command = ["sh", "-c", script.replace("${", "$${")]  # a config expands these
    return {"command": command, "startsecs": 0.2, "stopwaitsecs": 3, **keys}


def well(**keys: Any) -> Document:
    """Return a program that stays up and ends when told."""
    return sh("exec sleep 1000", **keys)


def hopeless(**keys: Any) -> Document:
    """Return a program that exits at once with status 1."""
    return sh("exit 1", **keys)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as a value."""
        return json.loads(self.out)


def said(
    words: str = "", *, service: str | None = None, kind: str = "", **data: object
) -> Check:
    """Return a check for events: a pattern in the sentence, and exact fields."""

    def check(event: Document) -> bool:
        return (
            re.search(words, event["words"]) is not None
            and service in (None, event["service"])
            and event["kind"].startswith(kind)
            and all(event["data"].get(key) == value for key, value in data.items())
        )

    return check


def after(state: str, service: str, *, run: int | None = None) -> Check:
    """Return a check for the event of a program's coming into a state."""
    more = {} if run is None else {"run": run}
    data: dict[str, Any] = {"after": state, **more}
    return said(service=service, kind="service.transition", **data)


class Refused(Exception):
    """The daemon answered with an error."""

    def __init__(self, error: Document) -> None:
        super().__init__(error["message"])
        self.error = error


class Line:
    """One connection to the control socket."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._rest = b""
        self._number = 0

    async def call(self, method: str, **params: Any) -> Any:
        """Ask; return the result. Raises Refused. Notifications before it are lost."""
        await self.send(method, **params)
        while True:
            message = await self.next()
            if message.get("id") == self._number:
                if "error" in message:
                    raise Refused(message["error"])
                return message["result"]

    async def send(self, method: str, **params: Any) -> None:
        """Ask without waiting for an answer."""
        self._number += 1
        request = {
            "jsonrpc": "2.0",
            "id": self._number,
            "method": method,
            "params": params,
        }
        await self.stream.send_all(json.dumps(request).encode() + b"\n")

    async def next(self) -> Document:
        """Return the next message; raises EOFError at the end."""
        while b"\n" not in self._rest:
            chunk = await self.stream.receive_some(65536)
            if not chunk:
                raise EOFError
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        message: Document = json.loads(line)
        return message


class Events:
    """The stream of events, from the first that the daemon remembers."""

    def __init__(self, line: Line, log: Callable[[], str]) -> None:
        self.seen: list[Document] = []
        self._line = line
        self._log = log

    async def next(self) -> Document:
        """Return the next event."""
        while True:
            message = await self._line.next()
            if message.get("method") == "event":
                event: Document = message["params"]
                self.seen.append(event)
                return event

    async def until(self, *checks: Check, seconds: float = DEADLINE) -> list[Document]:
        """Wait for an event for each check, in this order; return them."""
        found: list[Document] = []
        try:
            with trio.fail_after(seconds):
                for check in checks:
                    while not check(event := await self.next()):
                        pass
                    found.append(event)
        except (trio.TooSlowError, EOFError) as error:
            told = "\n".join(f"{e['service']}: {e['words']}" for e in self.seen)
            text = f"event {len(found)} did not come\n{told}\n---\n{self._log()}"
            raise AssertionError(text) from error
        return found


class House:
    """A folder with a config, and the daemon that runs on it."""

    def __init__(self) -> None:
        # Not pytest's folder: a socket's path has at most 107 bytes.
        self.root = Path(tempfile.mkdtemp(prefix="sh-")).resolve()
        self.config = self.root / "c.toml"
        self.state = self.root / "state" / "state.toml"
        self.journal = self.root / "state" / "journal.jsonl"
        self.flags = self.root / "flags.env"
        self.socket = self.root / "s"
        self.output = self.root / "output"
        self.daemon: trio.Process | None = None
        self.settings: Document = {}

    def write(self, programs: Mapping[str, Document], **tables: Document) -> None:
        """Write the config; ``tables`` are added to what is usual here."""
        usual: dict[str, Document] = {
            "daemon": {
                "state_dir": "state",
                "runtime_dir": "run",
                "log_dir": "logs",
                "flags_file": "flags.env",
            },
            "control": {"socket": "s"},
            "healing": HEALING,
        }
        for name, table in tables.items():
            usual[name] = {**usual.get(name, {}), **table}
        self.settings = {**usual, "program": dict(programs)}
        self.config.write_text(tomli_w.dumps(self.settings))

    def change(self, **programs: Document | None) -> None:
        """Change, add or (with None) remove programs in the config."""
        table = {**self.settings["program"], **programs}
        table = {name: one for name, one in table.items() if one is not None}
        self.settings = {**self.settings, "program": table}
        self.config.write_text(tomli_w.dumps(self.settings))

    @property
    def pid(self) -> int:
        """The daemon's pid."""
        assert self.daemon is not None
        return self.daemon.pid

    async def spawn(
        self,
        *args: str,
        environ: Mapping[str, str] | None = None,
        stdout: int | None = None,
        prefix: Iterable[str] = (),
    ) -> trio.Process:
        """Start the daemon without waiting for anything."""
        command = [
            *prefix,
            *(sys.executable, "-m", "selfhealingd", "--config", str(self.config)),
            *args,
        ]
        with self.output.open("ab") as output:
            self.daemon = await trio.lowlevel.open_process(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output if stdout is None else stdout,
                stderr=output,
                env={**_environ(), **(environ or {})},
            )
        return self.daemon

    async def start(self, *args: str, **how: Any) -> None:
        """Start the daemon and wait until it answers."""
        daemon = await self.spawn(*args, **how)
        await self.answers(daemon)

    async def answers(self, daemon: trio.Process) -> None:
        """Wait until the daemon answers; fails when it ends instead."""
        with trio.fail_after(DEADLINE):
            while True:
                assert daemon.poll() is None, self.log()
                with suppress(OSError, EOFError, trio.BrokenResourceError):
                    answer = await self.call("version")
                    if not how_wrapped(daemon.pid, answer["pid"]):
                        return
                await trio.sleep(0.02)

    async def wait(self, seconds: float = DEADLINE) -> int:
        """Wait for the daemon's end; return its exit status."""
        assert self.daemon is not None
        try:
            with trio.fail_after(seconds):
                return await self.daemon.wait()
        except trio.TooSlowError as error:
            raise AssertionError(f"still there\n{self.log()}") from error

    async def stop(self) -> int:
        """Stop the daemon as an operator would; return its exit status."""
        self.signal(signal.SIGTERM)
        return await self.wait()

    async def kill9(self) -> None:
        """Take the daemon away."""
        self.signal(signal.SIGKILL)
        await self.wait()

    def signal(self, signo: int) -> None:
        """Signal the daemon."""
        assert self.daemon is not None
        self.daemon.send_signal(signo)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Line]:
        """Open a connection."""
        async with await trio.open_unix_socket(str(self.socket)) as stream:
            yield Line(stream)

    async def call(self, method: str, **params: Any) -> Any:
        """Ask the daemon over a connection of its own."""
        async with self.connect() as line:
            with trio.fail_after(DEADLINE):
                return await line.call(method, **params)

    @asynccontextmanager
    async def events(self, last: int = 500) -> AsyncIterator[Events]:
        """Follow events, beginning with the ``last`` past ones."""
        async with self.connect() as line:
            await line.send("subscribe", last=last)
            yield Events(line, self.log)

    async def until(self, *checks: Check, seconds: float = DEADLINE) -> list[Document]:
        """Wait for events, in this order, the past ones included; return them."""
        async with self.events() as events:
            return await events.until(*checks, seconds=seconds)

    async def until_status(self, check: Check, seconds: float = DEADLINE) -> Document:
        """Look at the status with each event, until it is as wanted; return it."""
        status: Document = {}
        try:
            with trio.fail_after(seconds):
                async with self.events(last=0) as events:
                    while not check(status := await self.call("status")):
                        with trio.move_on_after(0.5):  # not all that it shows is told
                            await events.next()
        except trio.TooSlowError as error:
            text = json.dumps(status, indent=1)
            raise AssertionError(f"{text}\n---\n{self.log()}") from error
        return status

    async def program(self, name: str) -> Document:
        """Return what the status says of one program."""
        return programs(await self.call("status"))[name]

    async def running(self, *names: str) -> dict[str, int]:
        """Wait until programs are RUNNING; return their pids."""
        status = await self.until_status(
            lambda s: all(programs(s)[n]["state"] == "RUNNING" for n in names)
        )
        return {name: programs(status)[name]["pid"] for name in names}

    async def ctl(
        self,
        *args: str,
        uid: int | None = None,
        environ: Mapping[str, str] | None = None,
        socket: Path | None = None,
    ) -> Ran:
        """Run the real client; with ``uid`` as another user, of no group."""
        command = [sys.executable, "-m", "selfhealctl"]
        if uid is not None:
            command = [sys.executable, "-c", _AS_USER, str(uid)]
        address = {"SELFHEALCTL_SOCKET": str(socket or self.socket)}
        return await execute(
            *command, *args, environ={**address, **(environ or {})}, cwd=self.root
        )

    async def check(self) -> Ran:
        """Run the daemon with ``--check``."""
        daemon = ("-m", "selfhealingd", "--config", str(self.config), "--check")
        return await execute(sys.executable, *daemon, cwd=self.root)

    def log(self) -> str:
        """Return what the daemons said, the last of it where it is a lot."""
        if not self.output.exists():
            return ""
        return self.output.read_text(errors="replace")[-40_000:]

    async def logged(self, text: str) -> None:
        """Wait until a daemon says that: its log is written beside its work."""
        try:
            await soon(lambda: text in self.log())
        except trio.TooSlowError as error:
            raise AssertionError(f"no {text!r} in\n{self.log()}") from error

    def records(self) -> list[Document]:
        """Return the journal of all daemons so far."""
        lines = self.journal.read_text().splitlines()
        return [json.loads(line) for line in lines if line]

    def marked(self) -> dict[int, str]:
        """Return the programs' processes that live, and their command lines."""
        mark = f"{MARK}={self.root}/".encode()
        found = {}
        for folder in Path("/proc").iterdir():
            with suppress(OSError):
                if (
                    folder.name.isdecimal()
                    and mark in (folder / "environ").read_bytes()
                ):
                    line = (folder / "cmdline").read_bytes()
                    found[int(folder.name)] = line.replace(b"\0", b" ").decode()
        return found

    async def close(self) -> None:
        """End everything that was started here."""
        with trio.CancelScope(shield=True), trio.move_on_after(DEADLINE):
            if self.daemon is not None and self.daemon.poll() is None:
                self.daemon.kill()
                self.daemon.send_signal(signal.SIGCONT)
                await self.daemon.wait()
            await self._forked()
            while found := self.marked():
                for pid in found:
                    self._kill(pid)
                await trio.sleep(0.01)
        shutil.rmtree(self.root, ignore_errors=True)

    async def _forked(self) -> None:
        """Wait until no child is left between fork and exec: it has no mark yet.

        Until its exec it has the daemon's lock, too.
        """
        lock = self.state.with_name("lock")
        if not lock.exists():
            return
        with lock.open("rb") as file, trio.move_on_after(5):
            while True:
                with suppress(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                await trio.sleep(0.01)

    def _kill(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            descriptor = os.pidfd_open(pid)
            try:
                # The pid may have changed hands before we held it.
                if pid in self.marked():
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            finally:
                os.close(descriptor)


def how_wrapped(pid: int, answering: int) -> bool:
    """Whether another process answers than the daemon, or the wrapper around it."""
    if pid == answering:
        return False
    return str(pid) not in _stat(answering).split(") ")[-1].split()[1:2]


def _stat(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ") "


def programs(status: Document) -> dict[str, Document]:
    """Return a status's programs by name."""
    return {program["name"]: program for program in status["programs"]}


def breaker(status: Document, name: str) -> Document:
    """Return one breaker of a status."""
    [found] = [one for one in status["circuitBreakers"] if one["name"] == name]
    return dict(found)


def lives(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(") ")[2][:1] not in {"Z", "X"}


async def execute(*command: str, environ: Mapping[str, str] = {}, cwd: Path) -> Ran:
    """Run a command to its end, without input."""
    with trio.fail_after(DEADLINE):
        ran = await trio.run_process(
            command,
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            stdin=b"",
            cwd=cwd,
            env={**_environ(), **environ},
        )
    return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())


async def soon(
    check: Callable[[], object] | Callable[[], Awaitable[object]],
    seconds: float = DEADLINE,
) -> None:
    """Wait for something that nothing tells of, such as a file or a process's end."""
    with trio.fail_after(seconds):
        while True:
            seen = check()
            if await seen if isinstance(seen, Awaitable) else seen:
                return
            await trio.sleep(0.02)


def _environ() -> dict[str, str]:
    """Return our environment, without what would change how things look."""
    dropped = (
        "ANTHROPIC_",
        "DEBUG",
        "FORCE_COLOR",
        "PYTEST_",
        "COV_",
        "_TYPER",
        "SELFHEAL",
    )
    kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    return {**kept, "PYTHONPATH": str(Path(selfhealingd.__file__).parents[1])}


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    """Give a house, and tear it down whatever happens."""
    made = House()
    try:
        yield made
    finally:
        await made.close()
