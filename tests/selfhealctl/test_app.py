"""The command as it is typed: real processes against a scripted daemon."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import trio

from selfhealingd.wire.codec import Lines
from selfhealingd.wire.messages import Kind

pytestmark = pytest.mark.process
LIMIT = 60.0
COMMAND = (sys.executable, "-m", "selfhealctl")


class Talk:
    """The daemon's end of one connection."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._lines = Lines()

    async def request(self) -> dict[str, Any]:
        async for data in self.stream:
            for line in self._lines.feed(bytes(data)):
                request: dict[str, Any] = json.loads(line)
                return request
        raise EOFError

    async def send(self, **message: object) -> None:
        line = json.dumps({"jsonrpc": "2.0", **message})
        await self.stream.send_all(line.encode() + b"\n")

    async def answer(self, result: object) -> None:
        request = await self.request()
        await self.send(id=request["id"], result=result)

    async def refuse(self, kind: Kind, message: str, hint: str | None = None) -> None:
        request = await self.request()
        data = {"kind": kind.value, "hint": hint}
        error = {"code": kind.code, "message": message, "data": data}
        await self.send(id=request["id"], error=error)

    async def tell(self, method: str, **params: object) -> None:
        await self.send(method=method, params=params)


Script = Callable[[Talk], Awaitable[None]]


@dataclass
class Ended:
    status: int
    out: str
    err: str


@dataclass
class Ctl:
    """Runs selfhealctl with pipes, or on a terminal of its own."""

    path: Path
    env: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM")
        }
        own = {"SELFHEALCTL_SOCKET": str(self.path), "TERM": "xterm"}
        return inherited | own | self.env

    async def __call__(self, *arguments: str) -> Ended:
        return await self.run(*COMMAND, *arguments)

    async def run(self, *command: str) -> Ended:
        with trio.fail_after(LIMIT):
            done = await trio.run_process(
                command,
                capture_stdout=True,
                capture_stderr=True,
                check=False,
                env=self.environment(),
            )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    @asynccontextmanager
    async def terminal(self, *arguments: str) -> AsyncIterator["Terminal"]:
        ours, theirs = os.openpty()
        async with trio.lowlevel.FdStream(ours) as stream:
            process = await trio.lowlevel.open_process(
                [*COMMAND, *arguments],
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                env=self.environment(),
            )
            os.close(theirs)
            try:
                with trio.fail_after(LIMIT):
                    yield Terminal(stream, process)
            finally:
                if process.returncode is None:
                    process.kill()
                    with trio.CancelScope(shield=True):
                        await process.wait()


@dataclass
class Terminal:
    stream: trio.lowlevel.FdStream
    process: trio.Process
    seen: str = ""

    async def until(self, words: str) -> None:
        while words not in self.seen:
            self.seen += (await self.stream.receive_some()).decode()

    async def end(self) -> int:
        try:
            while data := await self.stream.receive_some():
                self.seen += data.decode()
        except trio.BrokenResourceError:
            pass  # how Linux tells that the last process has closed a terminal
        return await self.process.wait()


@pytest.fixture
def ctl(tmp_path: Path) -> Ctl:
    return Ctl(tmp_path / "control.sock")


@pytest.fixture
async def daemon(
    ctl: Ctl, nursery: trio.Nursery
) -> Callable[[Script], Awaitable[None]]:
    """Return what lets a script answer on the socket, once for every connection."""

    async def serve(script: Script) -> None:
        sock = trio.socket.socket(trio.socket.AF_UNIX)
        await sock.bind(os.fspath(ctl.path))
        sock.listen(8)

        async def one(stream: trio.SocketStream) -> None:
            async with stream:
                try:
                    await script(Talk(stream))
                except (EOFError, trio.BrokenResourceError):
                    return  # the client left: its own test says what it expects

        nursery.start_soon(trio.serve_listeners, one, [trio.SocketListener(sock)])

    return serve


Daemon = Callable[[Script], Awaitable[None]]


def answers(result: object) -> Script:
    async def script(talk: Talk) -> None:
        await talk.answer(result)

    return script


def program(name: str, state: str = "RUNNING") -> dict[str, object]:
    return {
        "name": name,
        "group": None,
        "state": state,
        "pid": 7 if state == "RUNNING" else None,
        "since": "2026-01-01T00:00:00Z",
        "uptime": None,
        "exit": None,
        "next": None,
        "nextAt": None,
        "breaker": "CLOSED",
        "wanted": True,
        "runs": 1,
        "consecutiveFailures": 0,
        "incident": None,
        "aFieldOfTomorrow": {"kept": [1.50, None]},
    }


STATUS: dict[str, object] = {
    "status": "healthy",
    "selfHealing": {
        "enabled": True,
        "isDormant": False,
        "dormantReason": None,
        "consecutiveFailures": 0,
        "backoffDelay": 5000,
        "totalAttempts": 0,
        "successfulHealings": 0,
        "failedHealings": 0,
        "alsoNew": True,
    },
    "circuitBreakers": [],
    "backgroundTasks": {"totalTasks": 0, "activeTasks": 0, "tasks": []},
    "llm": {"keyManagement": {}},
    "issues": [],
    "recommendations": [],
    "programs": [program("web"), program("db", "FATAL")],
    "watches": [],
    "incidents": [],
    "flags": {"file": "flags.env", "values": {}},
    "version": "0.1.0",
    "pid": 12,
    "uptime": 3.0,
    "laterAddition": "é \u009b2J",
}
DONE = {"words": "healing goes on", "names": ["web"], "hint": None}


async def test_status_in_a_pipe_is_what_the_daemon_sent(
    ctl: Ctl, daemon: Daemon
) -> None:
    """Fields unknown to this client are kept, and the exit status is 0."""
    await daemon(answers(STATUS))
    ended = await ctl("status")
    assert (0, "", STATUS) == (ended.status, ended.err, json.loads(ended.out))
    assert list(STATUS) == list(json.loads(ended.out))
    assert "\u009b" not in ended.out


@pytest.mark.parametrize(
    ("names", "status", "shown"),
    [
        (["web"], 0, ["web"]),
        (["db", "web"], 3, ["db", "web"]),
        (["all"], 3, ["web", "db"]),
        (["web", "wbe"], 4, None),
    ],
)
async def test_status_of_names(
    ctl: Ctl,
    daemon: Daemon,
    names: Sequence[str],
    status: int,
    shown: list[str] | None,
) -> None:
    """A list of what was named; 3 when one does not run, 4 when there is none such."""
    await daemon(answers(STATUS))
    ended = await ctl("status", *names)
    assert status == ended.status
    if shown is None:
        assert ended.out == ""
        assert (
            "cannot show the status: there is no service 'wbe'; did you mean web?"
            in ended.err
        )
    else:
        sent = {"web": program("web"), "db": program("db", "FATAL")}
        assert [sent[name] for name in shown] == json.loads(ended.out)


@pytest.mark.parametrize(
    ("judgement", "status"), [("healthy", 0), ("warning", 0), ("critical", 1)]
)
async def test_health_is_an_exit_status(
    ctl: Ctl, daemon: Daemon, judgement: str, status: int
) -> None:
    """A warning asks for a person, not for a container's end; why is said with it."""
    judged = {"status": judgement, "issues": ["WARNING: a"], "recommendations": ["b"]}
    await daemon(answers(STATUS | judged))
    ended = await ctl("health")
    assert (status, judged) == (ended.status, json.loads(ended.out))
    ended = await ctl("health", "--no-json")
    assert (status, f"{judgement}\nWARNING: a; do: b\n") == (ended.status, ended.out)


async def test_health_without_a_daemon_is_none(ctl: Ctl) -> None:
    """Nobody answers: neither healthy nor critical, but not 0."""
    assert 5 == (await ctl("health")).status


@pytest.mark.parametrize("before", [True, False])
async def test_options_may_stand_before_or_after_the_command(
    ctl: Ctl, daemon: Daemon, *, before: bool
) -> None:
    """--socket, --timeout and --no-json mean the same in both places."""
    await daemon(answers(DONE))
    options = ("--socket", str(ctl.path), "--timeout", "5", "--no-json")
    ctl.env = {"SELFHEALCTL_SOCKET": "/nowhere"}
    typed = (*options, "pause-all") if before else ("pause-all", *options)
    ended = await ctl(*typed)
    assert (0, "healing goes on\n  web\n") == (ended.status, ended.out)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Kind.REFUSED, 1),
        (Kind.INTERNAL, 1),
        (Kind.BUSY, 1),
        (Kind.BAD_REQUEST, 2),
        (Kind.NO_SUCH_NAME, 4),
        (Kind.NOT_PERMITTED, 6),
        (Kind.TIMED_OUT, 7),
    ],
)
async def test_refusals_are_words_on_stderr(
    ctl: Ctl, daemon: Daemon, kind: Kind, status: int
) -> None:
    """Each kind has its status; the hint has its line; stdout stays empty."""

    async def script(talk: Talk) -> None:
        await talk.refuse(kind, "cannot reset it: \x1b[31mno", "try --force")

    await daemon(script)
    ended = await ctl("reset", "program:web", "--reason", "x", "--json")
    words = "selfhealctl: cannot reset it: no\n  try --force\n"
    assert (status, "", words) == (ended.status, ended.out, ended.err)


async def test_an_absent_daemon_is_5(ctl: Ctl) -> None:
    """The words name the socket's path and how to start the daemon."""
    ended = await ctl("tasks")
    assert (5, "") == (ended.status, ended.out)
    assert f"cannot reach the daemon at {ctl.path}: no such file" in ended.err
    assert "Traceback" not in ended.err


AS_NOBODY = """
import os, sys
import grp, unicodedata  # loaded late otherwise
from selfhealctl.app import run
sys.argv = ["selfhealctl", "tasks", "--socket", "/nowhere"]
run()  # loads what it needs while root may still read it
os.setgroups([]), os.setresgid(*[65534] * 3), os.setresuid(*[65534] * 3)
sys.argv[-1] = os.environ["SELFHEALCTL_SOCKET"]
sys.exit(run())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_no_permission_is_5_and_says_who_we_are(ctl: Ctl, daemon: Daemon) -> None:
    """An ordinary user learns whose the socket is and which group to join."""
    with TemporaryDirectory() as folder:
        await trio.Path(folder).chmod(0o755)
        ctl.path = Path(folder) / "control.sock"
        await daemon(answers(DONE))
        await trio.Path(ctl.path).chmod(0o660)
        ended = await ctl.run(sys.executable, "-c", AS_NOBODY)
    assert ended.status == 5
    assert f"cannot reach the daemon at {ctl.path}: no permission" in ended.err
    assert "you are uid 65534; the socket belongs to root, group root" in ended.err


@pytest.mark.parametrize("sent", [b"", b'{"jsonrpc":"2.0","id":1,"resu'])
async def test_a_hung_daemon_is_7(ctl: Ctl, daemon: Daemon, sent: bytes) -> None:
    """It accepts and says nothing, or half of something."""

    async def script(talk: Talk) -> None:
        await talk.stream.send_all(sent)
        await trio.sleep_forever()

    await daemon(script)
    ended = await ctl("status", "--timeout", "0.2")
    assert (7, "") == (ended.status, ended.out)
    assert "accepted the connection but didn't answer in 0.2 s" in ended.err


async def test_garbage_is_1_in_words(ctl: Ctl, daemon: Daemon) -> None:
    """Something else listens there."""

    async def script(talk: Talk) -> None:
        await talk.stream.send_all(b"220 mail ready\r\n")
        await trio.sleep_forever()

    await daemon(script)
    ended = await ctl("status")
    assert (1, "") == (ended.status, ended.out)
    assert "cannot understand the answer" in ended.err


async def test_an_answer_of_another_shape_is_1_in_words(
    ctl: Ctl, daemon: Daemon
) -> None:
    """A document that lacks what the table needs is told, not traced."""
    await daemon(answers({"unexpected": 1}))
    ended = await ctl("status", "--no-json")
    assert (1, "") == (ended.status, ended.out)
    assert "selfhealctl version" in ended.err


@pytest.mark.parametrize("command", [("resume",), ("reset", "llm", "--reason", " ")])
async def test_a_missing_reason_is_2_with_an_example(
    ctl: Ctl, command: Sequence[str]
) -> None:
    """The daemon is not even asked."""
    ended = await ctl(*command)
    assert ended.status == 2
    assert f"example: selfhealctl {command[0]}" in ended.err


@pytest.mark.parametrize(
    "typed", [("stop",), ("nope",), ("status", "--timeout", "0"), ("signal", "HUP")]
)
async def test_usage_is_2(ctl: Ctl, typed: Sequence[str]) -> None:
    """What cannot be understood is not sent."""
    assert (await ctl(*typed)).status == 2


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("stauts", "did you mean status"),
        ("inc", "did you mean incidents?"),
        ("ps", "here it is: selfhealctl status;"),
        ("kill", "here it is: selfhealctl signal KILL NAME, or: selfhealctl stop NAME"),
        ("xyzzy", "all of them: selfhealctl --help"),
    ],
)
async def test_a_typo_is_told_what_was_meant(ctl: Ctl, typed: str, hint: str) -> None:
    """The beginning of a command's name is enough to be told it."""
    ended = await ctl(typed)
    assert 2 == ended.status
    words = f"selfhealctl: there is no command '{typed}'"
    assert words == ended.err.splitlines()[0]
    assert hint in ended.err


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("signal -9 web", "without the dash: selfhealctl signal 9 web"),
        ("signal -KILL web", "without the dash: selfhealctl signal KILL web"),
        ("tasks --watch foo", "it takes seconds, as: selfhealctl tasks --watch 5"),
        ("reload web", "selfhealctl update web; to have themselves read theirs:"),
        ("explain web db", "several: selfhealctl status web db"),
    ],
)
async def test_what_others_take_is_told_how_it_is_typed_here(
    ctl: Ctl, typed: str, hint: str
) -> None:
    """As kill and watch are typed, and systemctl reload."""
    ended = await ctl(*typed.split())
    assert (2, "") == (ended.status, ended.out)
    assert hint in ended.err


async def test_help_is_a_command(ctl: Ctl) -> None:
    """Of all, or of one."""
    for typed, usual in ((("help",), ()), (("help", "stop"), ("stop",))):
        assert (await ctl(*typed)).out == (await ctl(*usual, "--help")).out
    assert 2 == (await ctl("help", "stauts")).status


async def test_what_is_missing_comes_with_where_help_is(ctl: Ctl) -> None:
    """In two lines, as all other errors."""
    ended = await ctl("stop")
    expected = (
        "selfhealctl: missing argument 'NAME...'\n  see: selfhealctl stop --help\n"
    )
    assert (2, "", expected) == (ended.status, ended.out, ended.err)


async def test_the_bare_command_is_the_status(ctl: Ctl, daemon: Daemon) -> None:
    """JSON in a pipe; on a terminal with a line that says where the rest is."""
    await daemon(answers(STATUS))
    ended = await ctl()
    assert (0, STATUS) == (ended.status, json.loads(ended.out))
    async with ctl.terminal() as terminal:
        assert await terminal.end() == 0
    assert "HEALTHY" in terminal.seen
    assert "all commands: selfhealctl --help" in terminal.seen


WHILE_LOADING = """
import os, signal, sys
from importlib.abc import MetaPathFinder

class Pressing(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Pressing())
import selfhealctl.__main__
selfhealctl.__main__.main()
"""


@pytest.mark.parametrize("module", ["selfhealctl.app", "typer", "msgspec"])
async def test_ctrl_c_while_it_loads_says_nothing(ctl: Ctl, module: str) -> None:
    """Nothing was asked yet; a shell sees 130."""
    ended = await ctl.run(sys.executable, "-c", WHILE_LOADING, module)
    assert (-signal.SIGINT, "", "") == (ended.status, ended.out, ended.err)


async def test_ctrl_c_of_what_was_asked_says_so(ctl: Ctl, daemon: Daemon) -> None:
    """The daemon may have done it; how that is known, is told."""
    asked = trio.Event()

    async def script(talk: Talk) -> None:
        await talk.request()
        asked.set()
        await trio.sleep_forever()

    await daemon(script)
    async with ctl.terminal("resume", "--reason", "mended") as terminal:
        await asked.wait()
        terminal.process.send_signal(signal.SIGINT)
        assert await terminal.end() == 130
    assert "may be done all the same" in terminal.seen
    assert "selfhealctl status" in terminal.seen


@pytest.mark.parametrize(
    ("typed", "lines"),
    [
        (("tasks", "-o", "jsonl"), 1),
        (("breakers", "--output", "jsonl"), 2),
        (("-o", "jsonl", "status", "all"), 2),
        (("pid", "all", "-o", "jsonl"), 1),
    ],
)
async def test_jsonl_is_an_object_a_line(
    ctl: Ctl, daemon: Daemon, typed: Sequence[str], lines: int
) -> None:
    """Of a list, one for each of its items; of a document, one."""
    results = {
        "tasks": STATUS["backgroundTasks"],
        "breakers": [{"name": "a"}, {"name": "b"}],
        "pid": [{"name": "a", "pid": 1}],
        "status": STATUS | {"programs": [program("web"), program("db")]},
    }

    async def script(talk: Talk) -> None:
        request = await talk.request()
        await talk.send(id=request["id"], result=results[request["method"]])

    await daemon(script)
    ended = await ctl(*typed)
    assert (0, "") == (ended.status, ended.err)
    assert lines == len([json.loads(line) for line in ended.out.splitlines()])


async def test_what_contradicts_itself_is_2(ctl: Ctl) -> None:
    """--json and a table can't both be had."""
    ended = await ctl("status", "--json", "-o", "wide")
    assert 2 == ended.status
    assert "--output wide alone" in ended.err


async def test_commands_go_to_the_socket_that_was_typed(
    ctl: Ctl, daemon: Daemon
) -> None:
    """So that they can be pasted; in JSON they are as the daemon sent them."""
    issue = {"issues": ["WARNING: a"], "recommendations": ["selfhealctl show a"]}
    await daemon(answers(STATUS | issue))
    there = ("--socket", str(ctl.path))
    ended = await ctl("status", *there, "--no-json")
    assert f"  do: selfhealctl --socket {ctl.path} show a\n" in ended.out
    ended = await ctl("status", *there)
    assert ["selfhealctl show a"] == json.loads(ended.out)["recommendations"]


async def test_a_locale_without_unicode_gets_none(ctl: Ctl, daemon: Daemon) -> None:
    """Nor a mistake about it."""
    issue = {"issues": ["WARNING: a…"], "recommendations": ["b"]}
    await daemon(answers(STATUS | issue))
    ctl.env = {"LANG": "C", "LC_ALL": "C"}
    ended = await ctl("status", "--no-json")
    assert (0, "") == (ended.status, ended.err)
    assert "WARNING: a...\n" in ended.out
    assert ended.out.isascii()


@pytest.mark.parametrize(
    ("pager", "typed", "through"),
    [
        ("sed s/step/STEP/", (), True),
        ("sed s/step/STEP/", ("--no-pager",), False),
        ("/nonexistent/pager", (), False),
        ("cat", (), False),
    ],
)
async def test_what_is_longer_than_the_terminal_is_paged(
    ctl: Ctl, daemon: Daemon, pager: str, typed: Sequence[str], *, through: bool
) -> None:
    """By $PAGER, unless told not to, or where there is none."""

    async def script(talk: Talk) -> None:
        await talk.answer({"words": "subscribed"})
        for seq in range(30):
            await talk.tell("event", **event(seq))
        await talk.tell("live")

    await daemon(script)
    ctl.env = {"PAGER": pager, "LINES": "24", "COLUMNS": "80"}
    async with ctl.terminal("events", *typed) as terminal:
        assert 0 == await terminal.end()
    assert ("STEP 29" in terminal.seen) is through
    assert ("step 29" in terminal.seen) is not through


async def test_a_screenful_needs_no_pager(ctl: Ctl, daemon: Daemon) -> None:
    """Nor does a pipe."""
    await daemon(history())
    ctl.env = {"PAGER": "sed s/step/STEP/", "LINES": "24", "COLUMNS": "80"}
    async with ctl.terminal("events") as terminal:
        assert 0 == await terminal.end()
    assert "step 2" in terminal.seen


def changing(*states: str) -> Script:
    """Tell of an event after each status but the last, and show what came of it."""
    left = list(states)
    happened = trio.Event()

    async def script(talk: Talk) -> None:
        nonlocal happened
        request = await talk.request()
        if request["method"] == "subscribe":
            await talk.send(id=request["id"], result={"words": "subscribed"})
            await talk.tell("live")
            while left:
                await happened.wait()
                happened = trio.Event()
                await talk.tell("event", **event(1))
            await trio.sleep_forever()
        programs = [program("web", left.pop(0) if left else states[-1])]
        await talk.send(id=request["id"], result=STATUS | {"programs": programs})
        happened.set()

    return script


async def test_watching_shows_what_happens_when_it_does(
    ctl: Ctl, daemon: Daemon
) -> None:
    """In place, at an event and not only after so many seconds; Ctrl-C ends it."""
    await daemon(changing("RUNNING", "STOPPING", "STOPPED"))
    async with ctl.terminal("status", "--watch", "3000") as terminal:
        await terminal.until("STOPPED")
        terminal.process.send_signal(signal.SIGINT)
        assert 0 == await terminal.end()
    assert terminal.seen.startswith("\x1b[?1049h")
    before, _, after = terminal.seen.partition("\x1b[?1049l")
    assert all(word in before for word in ("RUNNING", "STOPPING"))
    assert "STOPPED" in after
    assert "Traceback" not in terminal.seen


async def test_watching_in_a_pipe_is_a_line_each_time(ctl: Ctl, daemon: Daemon) -> None:
    """Until the daemon goes away."""

    async def script(talk: Talk) -> None:
        request = await talk.request()
        if request["method"] == "subscribe":
            await talk.send(id=request["id"], result={"words": "subscribed"})
            await talk.tell("live")
            await talk.tell("event", **event(1))
            await seen.wait()
            return
        asked.append(request["method"])
        if len(asked) == 2:
            seen.set()
        await talk.send(id=request["id"], result=[{"id": "web-2"}, {"id": "web-1"}])

    asked: list[str] = []
    seen = trio.Event()
    await daemon(script)
    ended = await ctl("incidents", "-w", "3000", "web", "-o", "json")
    assert (5, ["incidents"] * 2) == (ended.status, asked)
    looks = [json.loads(line) for line in ended.out.splitlines()]
    assert [[{"id": "web-2"}, {"id": "web-1"}]] * 2 == looks
    assert "closed the connection" in ended.err


def operation(*outcomes: dict[str, object], deadline: float = 5.0) -> Script:
    async def script(talk: Talk) -> None:
        await talk.answer({"operation": 7, "names": ["web"], "deadline": deadline})
        await talk.tell("progress", operation=6, name="x", state="S", words="not ours")
        await talk.tell(
            "progress", operation=7, name="web", state="STOPPING", words="TERM sent"
        )
        await talk.tell("finished", operation=6, outcomes=[])
        await talk.tell("finished", operation=7, outcomes=outcomes)

    return script


GOOD = {"name": "web", "ok": True, "state": "RUNNING", "words": "runs", "new": 1}
BAD = {"name": "db", "ok": False, "state": "FATAL", "words": "dies", "hint": "see log"}


@pytest.mark.parametrize("command", ["start", "stop", "restart"])
async def test_outcomes_in_a_pipe_are_json(
    ctl: Ctl, daemon: Daemon, command: str
) -> None:
    """The outcomes alone, as sent."""
    await daemon(operation(GOOD))
    ended = await ctl(command, "web", "--reason", "why")
    assert (0, [GOOD], "") == (ended.status, json.loads(ended.out), ended.err)


async def test_one_failed_outcome_is_1(ctl: Ctl, daemon: Daemon) -> None:
    """All outcomes are shown, and the failed one told on stderr with its hint."""
    await daemon(operation(GOOD, BAD))
    ended = await ctl("restart", "all")
    assert (1, [GOOD, BAD]) == (ended.status, json.loads(ended.out))
    assert ended.err == "selfhealctl: cannot restart db: dies\n  see log\n"


async def test_progress_is_shown_to_people_as_it_comes(
    ctl: Ctl, daemon: Daemon
) -> None:
    """Only that of our own operation, then the outcomes."""
    await daemon(operation(GOOD, BAD))
    ended = await ctl("restart", "all", "--no-json")
    assert ended.status == 1
    assert ended.out == (
        "web: STOPPING TERM sent\n"
        "web: ok RUNNING runs\n"
        "db: failed FATAL dies\n"
        "  do: see log\n"
    )


async def test_an_update_with_nothing_pending_says_so(ctl: Ctl, daemon: Daemon) -> None:
    """No outcomes are no failure."""
    await daemon(operation())
    ended = await ctl("update", "--no-json")
    assert (0, "nothing to do") == (ended.status, ended.out.splitlines()[-1])


async def test_no_wait_returns_once_it_is_begun(ctl: Ctl, daemon: Daemon) -> None:
    """Nothing after the first answer is waited for."""

    async def script(talk: Talk) -> None:
        await talk.answer({"operation": 7, "names": ["web"], "deadline": 60})
        await trio.sleep_forever()

    await daemon(script)
    ended = await ctl("start", "web", "--no-wait")
    assert (0, 7) == (ended.status, json.loads(ended.out)["operation"])


async def test_an_operation_whose_end_never_comes_is_7(
    ctl: Ctl, daemon: Daemon
) -> None:
    """The operation's own deadline and a margin, then no longer."""

    async def script(talk: Talk) -> None:
        await talk.answer({"operation": 7, "names": ["web"], "deadline": 0.1})
        await trio.sleep_forever()

    await daemon(script)
    ended = await ctl("start", "web", "--timeout", "0.2")
    assert (7, "") == (ended.status, ended.out)
    assert "cannot see how operation 7 ended" in ended.err


async def test_a_daemon_lost_on_the_way_is_5(ctl: Ctl, daemon: Daemon) -> None:
    """How the operation ended is not known, and said so."""
    await daemon(answers({"operation": 7, "names": ["web"], "deadline": 60}))
    ended = await ctl("start", "web")
    assert (5, "") == (ended.status, ended.out)
    assert "cannot see how operation 7 ended: the daemon closed" in ended.err


async def test_ctrl_c_leaves_the_daemon_at_work(ctl: Ctl, daemon: Daemon) -> None:
    """On a terminal: progress appears, Ctrl-C says so, and leaves with 130."""

    async def script(talk: Talk) -> None:
        await talk.answer({"operation": 7, "names": ["web"], "deadline": 60})
        await talk.tell(
            "progress", operation=7, name="web", state="STOPPING", words="TERM sent"
        )
        await trio.sleep_forever()

    await daemon(script)
    async with ctl.terminal("stop", "web") as terminal:
        await terminal.until("TERM sent")
        terminal.process.send_signal(signal.SIGINT)
        assert await terminal.end() == 130
    assert "the daemon carries on" in terminal.seen
    assert "Traceback" not in terminal.seen


async def test_a_terminal_gets_a_table_in_colour(ctl: Ctl, daemon: Daemon) -> None:
    """Without any option."""
    await daemon(answers(STATUS))
    async with ctl.terminal("status") as terminal:
        assert await terminal.end() == 0
    assert "HEALTHY" in terminal.seen
    assert "\x1b[32m" in terminal.seen


async def test_no_color_is_honoured(ctl: Ctl, daemon: Daemon) -> None:
    """A table on a terminal, without a single colour."""
    await daemon(answers(STATUS))
    ctl.env = {"NO_COLOR": "1"}
    async with ctl.terminal("status") as terminal:
        assert await terminal.end() == 0
    assert "HEALTHY" in terminal.seen
    assert "\x1b[32m" not in terminal.seen


@pytest.mark.parametrize(("typed", "status"), [("y\n", 0), ("n\n", 1), ("\x04", 130)])
async def test_shutdown_asks_on_a_terminal(
    ctl: Ctl, daemon: Daemon, typed: str, status: int
) -> None:
    """Yes goes on; no and Ctrl-D stop nothing."""
    await daemon(answers({**DONE, "words": "stopping"}))
    async with ctl.terminal("shutdown") as terminal:
        await terminal.until("[y/N]")
        await terminal.stream.send_all(typed.encode())
        assert status == await terminal.end()
    assert ("stopping" in terminal.seen) is (status == 0)
    assert ("the daemon has ended" in terminal.seen) is (status == 0)
    assert ("nothing was stopped" in terminal.seen) is (status != 0)


@pytest.mark.parametrize("typed", [("shutdown",), ("shutdown", "--yes")])
async def test_shutdown_does_not_ask_in_a_pipe(
    ctl: Ctl, daemon: Daemon, typed: Sequence[str]
) -> None:
    """A script has nobody to answer."""
    await daemon(answers(DONE))
    ended = await ctl(*typed)
    assert (0, DONE) == (ended.status, json.loads(ended.out))


NEW_TYPER = tuple(map(int, version("typer").split(".")[:2])) >= (0, 29)


@pytest.mark.skipif(NEW_TYPER, reason="not the typer of tests/requirements.txt")
async def test_looking_loads_neither_pydantic_nor_rich(
    ctl: Ctl, daemon: Daemon
) -> None:
    """A script that asks every second pays for what it uses alone."""
    await daemon(answers(STATUS))
    script = (
        "import sys, selfhealctl.app as app; sys.argv = ['selfhealctl', 'status'];"
        "app.run(); print(sys.modules.keys() & {'pydantic', 'rich'}, file=sys.stderr)"
    )
    ended = await ctl.run(sys.executable, "-c", script)
    assert (0, "set()") == (ended.status, ended.err.strip())


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [
        (("shutdown",), 7, "cannot see the daemon end: it is still there"),
        (("shutdown", "--no-wait"), 0, ""),
    ],
)
async def test_shutdown_waits_as_long_as_the_daemon_says(
    ctl: Ctl, daemon: Daemon, typed: Sequence[str], status: int, words: str
) -> None:
    """And as long as an answer may take; not at all, if told so."""

    async def script(talk: Talk) -> None:
        await talk.answer({**DONE, "deadline": 0.1, "pid": os.getpid()})
        await trio.sleep_forever()

    await daemon(script)
    ended = await ctl(*typed, "--timeout", "5")
    assert status == ended.status, ended.err
    assert words in ended.err


async def test_a_shutdown_that_is_watched_survives_the_one_who_watches(
    ctl: Ctl, daemon: Daemon
) -> None:
    """Ctrl-C ends the watching alone."""

    async def script(talk: Talk) -> None:
        await talk.answer({**DONE, "words": "stopping", "deadline": 600})
        await trio.sleep_forever()

    await daemon(script)
    async with ctl.terminal("shutdown", "--yes") as terminal:
        await terminal.until("stopping")
        terminal.process.send_signal(signal.SIGINT)
        assert 130 == await terminal.end()
    assert "the daemon goes on" in terminal.seen


PIDS = [{"name": "web", "pid": 41}, {"name": "db", "pid": None}]


@pytest.mark.parametrize(("count", "status"), [(1, 0), (2, 1)])
async def test_pid_prints_the_pid_alone(
    ctl: Ctl, daemon: Daemon, count: int, status: int
) -> None:
    """Even in a pipe; one without a pid is told on stderr, with status 1."""
    await daemon(answers(PIDS[:count]))
    ended = await ctl("pid", "web", "db")
    assert (status, "41\n") == (ended.status, ended.out)
    assert ("db is not running" in ended.err) is (status == 1)


def event(seq: int) -> dict[str, object]:
    return {
        "at": "2026-01-02T03:04:05Z",
        "seq": seq,
        "kind": "service.transition",
        "component": "SelfHealing",
        "service": "web",
        "words": f"step {seq}",
        "data": {"from": "A"},
        "new": [seq],
    }


def history(*, then: int = 0) -> Script:
    async def script(talk: Talk) -> None:
        await talk.answer({"words": "subscribed"})
        for seq in (1, 2):
            await talk.tell("event", **event(seq))
        await talk.tell("lagged", count=3)
        await talk.tell("live")
        for seq in range(3, 3 + then):
            await talk.tell("event", **event(seq))
        await trio.sleep_forever()

    return script


async def test_events_end_with_the_past(ctl: Ctl, daemon: Daemon) -> None:
    """One line of JSON each, as sent; what was left out is told on stderr."""
    await daemon(history())
    ended = await ctl("events", "-n", "2")
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert (0, [event(1), event(2)]) == (ended.status, lines)
    assert "3 events were left out" in ended.err
    assert ended == await ctl("events", "-n", "2", "-o", "json")


async def test_events_follow_until_ctrl_c(ctl: Ctl, daemon: Daemon) -> None:
    """Live events are shown at once, in words on a terminal."""
    await daemon(history(then=1))
    async with ctl.terminal("events", "--follow") as terminal:
        await terminal.until("step 3")
        terminal.process.send_signal(signal.SIGINT)
        assert await terminal.end() == 0
    assert "Traceback" not in terminal.seen
    assert "SelfHealing" in terminal.seen


async def test_events_end_with_their_reader(ctl: Ctl, daemon: Daemon) -> None:
    """Piped into head: killed by SIGPIPE, without a word."""

    async def script(talk: Talk) -> None:
        await talk.answer({"words": "subscribed"})
        await talk.tell("live")
        while True:
            await talk.tell("event", **event(1))

    await daemon(script)
    with trio.fail_after(LIMIT):
        process = await trio.lowlevel.open_process(
            [*COMMAND, "events", "-f"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ctl.environment(),
        )
        assert process.stdout is not None
        assert process.stderr is not None
        await process.stdout.receive_some()
        await process.stdout.aclose()
        words = b"".join([data async for data in process.stderr])
        assert (-signal.SIGPIPE, b"") == (await process.wait(), words)


@pytest.mark.parametrize(("ok", "status"), [(True, 0), (False, 1)])
async def test_a_reload_that_is_refused_is_1(
    ctl: Ctl, daemon: Daemon, *, ok: bool, status: int
) -> None:
    """Its report is shown either way, with what waits for update."""
    report = {
        "ok": ok,
        "words": "read again",
        "pending": ["web"],
        "errors": [] if ok else ["web.toml: comand: did you mean command?"],
    }
    await daemon(answers(report))
    ended = await ctl("reload", "--no-json")
    assert status == ended.status
    assert "pending: web\n  do: selfhealctl update\n" in ended.out
    assert ("did you mean command?\n  do: mend that" in ended.out) is not ok


WEB_LOG = {"name": "web", "stream": "stdout"}
SHOWING = {"logs": [{**WEB_LOG, "path": "/l/web.log"}]}


def said(*pieces: bytes, ended: bool = False) -> Script:
    """Show one log, and go on for ever, or end as a daemon that is killed."""

    async def script(talk: Talk) -> None:
        await talk.answer(SHOWING)
        for piece in pieces:
            data = base64.b64encode(piece).decode()
            await talk.tell("output", **WEB_LOG, data=data)
        await talk.tell("skipped", **WEB_LOG, words="older output was rotated away")
        if not ended:
            await trio.sleep_forever()

    return script


async def test_a_terminal_is_not_steered_by_a_log(ctl: Ctl, daemon: Daemon) -> None:
    """Colours are, titles are not; Ctrl-C is how following ends: quietly, with 0."""
    await daemon(said(b"\x1b[31mred\x1b[0m \x1b]0;title", b"\x07\xff\n"))
    async with ctl.terminal("tail", "-f", "web") as terminal:
        await terminal.until("rotated away")
        terminal.process.send_signal(signal.SIGINT)
        assert 0 == await terminal.end()
    assert "\x1b[31mred\x1b[0m ^[]0;title^G\\xff\r\n" in terminal.seen
    assert "stdout of web: older output was rotated away" in terminal.seen
    assert "Traceback" not in terminal.seen


async def test_logs_name_the_program_in_colour(ctl: Ctl, daemon: Daemon) -> None:
    """Unless NO_COLOR is set."""
    await daemon(said(b"one\n", ended=True))
    async with ctl.terminal("logs", "-f") as terminal:
        assert 5 == await terminal.end()
    assert re.search(r"\x1b\[\d+mweb \| \x1b\[0mone", terminal.seen)
    ctl.env = {"NO_COLOR": "1"}
    async with ctl.terminal("logs", "-f") as terminal:
        await terminal.end()
    assert "web | one" in terminal.seen
    assert "\x1b" not in terminal.seen


async def test_a_daemon_lost_while_following_is_5(ctl: Ctl, daemon: Daemon) -> None:
    """What it had said is there, with the command that goes on without it."""
    await daemon(said(b"half a li", ended=True))
    ended = await ctl("logs", "-f", "web")
    assert (5, "web | half a li\n") == (ended.status, ended.out)
    assert "the daemon ended, was restarted or upgraded" in ended.err
    assert "tail -F /l/web.log" in ended.err


@pytest.mark.parametrize(("typed", "status"), [("y\n", 0), ("n\n", 1), ("\x04", 130)])
async def test_clear_asks_on_a_terminal(
    ctl: Ctl, daemon: Daemon, typed: str, status: int
) -> None:
    """What is deleted cannot be had back."""
    await daemon(answers([{"name": "web", "ok": True, "words": "emptied"}]))
    async with ctl.terminal("clear", "web") as terminal:
        await terminal.until("[y/N]")
        await terminal.stream.send_all(typed.encode())
        assert status == await terminal.end()
    assert ("emptied" in terminal.seen) is (status == 0)


async def test_what_a_few_would_change_comes_with_their_command(
    ctl: Ctl, daemon: Daemon
) -> None:
    """Who asked about some is not told to update all."""
    report = {"ok": True, "words": "w", "pending": ["changed: web (is restarted)"]}
    await daemon(answers(report))
    ended = await ctl("reread", "web", "--no-json")
    pending = "pending: changed: web (is restarted)\n  do: selfhealctl update web\n"
    assert pending in ended.out


BEFORE = {"name": "selfhealingd", "version": "1", "pid": 7, "python": "3"}


async def test_an_upgrade_is_over_when_somebody_answers_again(
    ctl: Ctl, daemon: Daemon
) -> None:
    """The connection ends with the code that answered; what comes then is told."""
    after = {**BEFORE, "version": "2"}
    results: list[object] = [BEFORE, {"words": "going on"}, after]

    async def script(talk: Talk) -> None:
        await talk.answer(results.pop(0))

    await daemon(script)
    ended = await ctl("upgrade", "--no-json")
    assert (0, "") == (ended.status, ended.err)
    assert "selfhealingd 1 is 2 now, pid 7" in ended.out
    results += [BEFORE, {"words": "going on"}, after]
    ended = await ctl("upgrade", "--json")
    assert {"before": BEFORE, "after": after} == json.loads(ended.out)


async def test_an_upgrade_that_is_refused_says_why(ctl: Ctl, daemon: Daemon) -> None:
    """In the daemon's words, with status 1."""
    asked = 0

    async def script(talk: Talk) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            await talk.answer(BEFORE)
        else:
            await talk.refuse(Kind.REFUSED, "cannot upgrade: no", "mend it")

    await daemon(script)
    ended = await ctl("upgrade")
    assert (1, "selfhealctl: cannot upgrade: no\n  mend it\n") == (
        ended.status,
        ended.err,
    )


async def test_so_many_at_a_time_is_for_rolling(ctl: Ctl) -> None:
    """It isn't ignored: all at once is not what was meant."""
    ended = await ctl("restart", "web", "--max-unavailable", "2")
    assert 2 == ended.status
    assert "means nothing without --rolling" in ended.err
    assert "selfhealctl restart --rolling --max-unavailable 2 web" in ended.err


REQUESTS: list[tuple[tuple[str, ...], str, dict[str, object]]] = [
    (("start", "web"), "start", {"names": ["web"]}),
    (("stop", "a", "b", "--reason", "r"), "stop", {"names": ["a", "b"], "reason": "r"}),
    (("signal", "HUP", "web"), "signal", {"names": ["web"], "signal": "HUP"}),
    (("pid", "web"), "pid", {"names": ["web"]}),
    (("update", "web", "x:*"), "update", {"names": ["web", "x:*"]}),
    (("update", "--dry-run", "web"), "reread", {"names": ["web"]}),
    (("add", "web"), "add", {"names": ["web"]}),
    (("remove", "web", "--reason", "r"), "remove", {"names": ["web"], "reason": "r"}),
    (("resume", "--reason", "r"), "resume", {"reason": "r"}),
    (
        ("reset", "llm", "--force", "--reason", "r"),
        "reset",
        {"name": "llm", "reason": "r", "force": True},
    ),
    (("unregister", "prune"), "unregister", {"id": "prune"}),
    (
        ("tail", "-fn", "3", "web", "stderr"),
        "tail",
        {
            "names": ["web"],
            "stream": "stderr",
            "lines": 3,
            "follow": True,
        },
    ),
    (
        ("logs", "a", "b"),
        "tail",
        {
            "names": ["a", "b"],
        },
    ),
    (("clear", "web"), "clear", {"names": ["web"]}),
    (("incidents", "-n", "3"), "incidents", {"limit": 3}),
    (
        ("incidents", "web", "db", "--open", "--since", "1h30m"),
        "incidents",
        {"names": ["web", "db"], "open": True, "since_secs": 5400.0},
    ),
    (("show", "web-1"), "incident", {"id": "web-1"}),
    (("evidence", "web"), "evidence", {"id": "web"}),
    (("explain", "web"), "explain", {"name": "web"}),
    (("events", "-n", "3"), "subscribe", {"last": 3}),
    (("events", "a", "b"), "subscribe", {"last": 20, "names": ["a", "b"]}),
    *[
        ((method,), method, {})
        for method in (
            "breakers",
            "tasks",
            "flags",
            "pause-all",
            "resume-all",
            "cleanup",
            "reload",
            "update",
            "shutdown",
            "version",
        )
    ],
    (("pause-all", "--reason", "a try"), "pause-all", {"reason": "a try"}),
    (("resume-all", "--reason", "a try"), "resume-all", {"reason": "a try"}),
    (("cleanup", "--reason", "a try"), "cleanup", {"reason": "a try"}),
    (("reload", "--reason", "a try"), "reload", {"reason": "a try"}),
    (
        ("unregister", "prune", "--reason", "a try"),
        "unregister",
        {"id": "prune", "reason": "a try"},
    ),
    (
        ("update", "web", "--reason", "a try"),
        "update",
        {"names": ["web"], "reason": "a try"},
    ),
]


@pytest.mark.parametrize("since", ["", "yesterday", "5x", "0", "-3m", "1h later"])
async def test_a_time_that_is_none_is_told(ctl: Ctl, since: str) -> None:
    """Nobody is asked, and what would do is shown."""
    ended = await ctl("incidents", f"--since={since}")
    assert 2 == ended.status
    assert "30m, 2h or 1d" in ended.err


INQUEST: dict[str, object] = {
    "incident": {
        "id": "web-1",
        "service": "web",
        "cause": "exit",
        "detail": "killed by SIGSEGV",
        "opened": "2026-11-26T17:00:00.000Z",
    },
    "timeline": [
        {"at": "2026-11-26T17:00:00.000Z", "words": "crashed", "level": "warning"}
    ],
    "leftOut": 0,
    "evidence": {
        "taken": "2026-11-26T17:00:00.000Z",
        "alive": False,
        "end": None,
        "oom": None,
        "kept": ["3 lines of output"],
        "missing": [],
    },
    "next": "restart in 5 s",
    "do": ["selfhealctl tail web"],
}


async def test_whoever_may_only_look_sees_the_story(ctl: Ctl, daemon: Daemon) -> None:
    """What a program said is for operators; that is told, and the rest is shown."""

    async def script(talk: Talk) -> None:
        request = await talk.request()
        if request["method"] == "incident":
            await talk.send(id=request["id"], result=INQUEST)
        else:
            data = {"kind": "not-permitted", "hint": None}
            error = {"code": -32003, "message": "for operators", "data": data}
            await talk.send(id=request["id"], error=error)

    await daemon(script)
    ended = await ctl("show", "web-1", "--no-json")
    assert (0, "") == (ended.status, ended.err)
    assert "crashed" in ended.out
    assert "operators alone" in ended.out
    assert "selfhealctl tail web" in ended.out


@pytest.mark.parametrize(
    ("typed", "method", "params"), REQUESTS, ids=[" ".join(row[0]) for row in REQUESTS]
)
async def test_each_command_asks_its_method(
    ctl: Ctl,
    daemon: Daemon,
    typed: Sequence[str],
    method: str,
    params: dict[str, object],
) -> None:
    """What was typed arrives as the protocol's table has it."""
    asked: list[object] = []

    async def script(talk: Talk) -> None:
        request = await talk.request()
        asked.append((request["method"], request["params"]))
        error = {"code": -1, "message": "no", "data": {"kind": "refused"}}
        await talk.send(id=request["id"], error=error)

    await daemon(script)
    assert (await ctl(*typed)).status == 1
    assert asked == [(method, params)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("selfhealctl stop ", {"web", "db", "all", "back:*"}),
        ("selfhealctl stop w", {"web"}),
        ("selfhealctl stop web ", {"db", "all", "back:*"}),
        ("selfhealctl explain ", {"web", "db"}),
    ],
)
async def test_the_shell_completes_names_of_the_live_daemon(
    ctl: Ctl, daemon: Daemon, typed: str, expected: set[str]
) -> None:
    """Names and groups that begin so, and that were not typed yet."""
    grouped = program("db", "FATAL") | {"group": "back"}
    await daemon(answers(STATUS | {"programs": [program("web"), grouped]}))
    ended = await complete(ctl, typed)
    assert (0, expected) == (ended.status, set(ended.out.split()))


async def test_completion_is_silent_without_a_daemon(ctl: Ctl) -> None:
    """No words in the middle of a line that is being typed."""
    ended = await complete(ctl, "selfhealctl unregister ")
    assert (0, "", "") == (ended.status, ended.out.strip(), ended.err)


async def complete(ctl: Ctl, typed: str) -> Ended:
    ctl.env = {
        "_SELFHEALCTL_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split(" ")) - 1),
    }
    return await ctl()


async def test_help_shows_examples_and_statuses(ctl: Ctl) -> None:
    """For the whole, the statuses; for every command, an example of it."""
    top = await ctl("--help")
    assert top.status == 0
    assert "7  timed out" in top.out
    for command in ("status", "reset", "events", "shutdown"):
        words = (await ctl(command, "--help")).out
        assert f"selfhealctl {command}" in words.partition("Examples:")[2]


async def test_version_needs_no_daemon(ctl: Ctl) -> None:
    """--version is the client's own."""
    ended = await ctl("--version")
    assert (0, "selfhealctl 0.") == (ended.status, ended.out[:14])


SLOW = {"trio", "rich", "structlog", "anthropic", "psutil", "asyncio"}
LOADED = f"print(sorted({SLOW!r} & {{name.split('.')[0] for name in sys.modules}}))"


async def test_importing_the_app_stays_cheap(ctl: Ctl) -> None:
    """Nothing slow is loaded before it is needed."""
    code = f"import sys, selfhealctl.app; {LOADED}"
    assert (await ctl.run(sys.executable, "-c", code)).out == "[]\n"


async def test_a_status_is_drawn_without_what_is_slow(ctl: Ctl, daemon: Daemon) -> None:
    """Nor is any table that fits the screen."""
    await daemon(answers(STATUS))
    code = f"import sys; from selfhealctl.app import run; run(); {LOADED}"
    ended = await ctl.run(sys.executable, "-c", code, "status", "--output", "table")
    assert "[]" == ended.out.splitlines()[-1]


@pytest.mark.parametrize(
    ("command", "answer"), [("status", STATUS), ("tasks", []), ("pause-all", DONE)]
)
async def test_json_is_printed_without_loading_tables(
    ctl: Ctl, daemon: Daemon, command: str, answer: object
) -> None:
    """Scripts run this in loops."""
    await daemon(answers(answer))
    code = f"import sys; from selfhealctl.app import run; run(); {LOADED}"
    ended = await ctl.run(sys.executable, "-c", code, command)
    assert "[]" == ended.out.splitlines()[-1]
    assert answer == json.loads(ended.out.rpartition("[]")[0])
