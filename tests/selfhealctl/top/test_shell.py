"""The view as it is typed: a real terminal, and a real daemon."""

import codecs
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import harness
import pytest
import trio
from harness import DEADLINE, House, hopeless, lives, well

pytestmark = pytest.mark.process

_PLACE = re.compile(r"\x1b\[(\d+);1H\x1b\[2K|\x1b\[2J|\x1b\[\?1049([hl])")
_SGR = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
FAST = {"sample_interval": 0.2}


class Screen:
    """A terminal with a view on it: what stands on it, and keys to press."""

    def __init__(self, ours: int, theirs: int) -> None:
        self.ours, self.theirs = ours, theirs
        self.rows: dict[int, str] = {}
        self.taken = False
        self.raw = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def resize(self, columns: int, rows: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, size)

    def press(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    def modes(self) -> object:
        return termios.tcgetattr(self.theirs)

    @property
    def text(self) -> str:
        return "\n".join(self.rows[row] for row in sorted(self.rows))

    async def until(self, check: Callable[["Screen"], object]) -> None:
        """Read on until the screen is as wanted."""
        try:
            with trio.fail_after(DEADLINE):
                while not check(self):
                    await trio.lowlevel.wait_readable(self.ours)
                    self.raw += self._decoder.decode(os.read(self.ours, 65536))
                    self._take()
        except (trio.TooSlowError, OSError) as error:
            raise AssertionError(f"{self.text}\n---\n{self.raw!r}") from error

    async def has(self, *words: str) -> None:
        await self.until(lambda screen: all(word in screen.text for word in words))

    def _take(self) -> None:
        """Draw all that has come; the last line may be half of one as yet."""
        places = list(_PLACE.finditer(self.raw))
        ends = [one.start() for one in places[1:]] + [len(self.raw)]
        for place, end in zip(places, ends, strict=True):
            if place[1]:
                text = self.raw[place.end() : end]
                self.rows[int(place[1])] = _SGR.sub("", text)
            else:
                self.rows.clear()
                self.taken = place[2] == "h" if place[2] else self.taken
        if places:
            self.raw = self.raw[places[-1].start() :]


@asynccontextmanager
async def terminal(columns: int = 100, rows: int = 24) -> AsyncIterator[Screen]:
    ours, theirs = pty.openpty()
    screen = Screen(ours, theirs)
    screen.resize(columns, rows)
    try:
        yield screen
    finally:
        os.close(ours)
        os.close(theirs)


@asynccontextmanager
async def view(
    house: House, screen: Screen, **environ: str
) -> AsyncIterator[trio.Process]:
    """Run it in a session of its own, whose terminal the screen is."""
    process = await trio.lowlevel.open_process(
        [sys.executable, "-c", _AS_SHELLS_DO],
        stdin=screen.theirs,
        stdout=screen.theirs,
        stderr=screen.theirs,
        start_new_session=True,
        env={
            **os.environ,
            "SELFHEALCTL_SOCKET": str(house.socket),
            "TERM": "xterm",
            "LANG": "C.UTF-8",
            "PYTHONUTF8": "1",
            **environ,
        },
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()


_AS_SHELLS_DO = """\
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "selfhealctl", "top"])
"""


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with harness.house() as made:
        yield made


async def test_services_are_seen_and_restarted(house: House) -> None:
    """Rows, an answered question, another pid; q gives the terminal back as it was."""
    house.write({"web": well(), "broken": hopeless(startretries=0)}, daemon=FAST)
    await house.start()
    before = await house.running("web")
    async with terminal() as screen:
        modes = screen.modes()
        async with view(house, screen) as process:
            await screen.has("web", "broken", f"{before['web']}", "NAME")
            assert modes != screen.modes()
            screen.press("/web\r")
            await screen.until(lambda one: "broken  " not in one.text)
            screen.press("r")
            await screen.has("restart web?")
            screen.press("y")
            await screen.has("restart web: RUNNING")
            after = await house.running("web")
            assert before != after
            await screen.has(f"pid {after['web']}")
            screen.press("e")
            await screen.has("program web is RUNNING", "q: back")
            screen.press("q")
            await screen.until(lambda one: "NAME" in one.text)
            screen.resize(60, 14)
            await screen.until(lambda one: 14 == max(one.rows) and "web" in one.text)
            screen.press("q")
            await screen.until(lambda one: not one.taken)
            assert 0 == await process.wait()
        assert modes == screen.modes()


async def test_another_daemon_is_noticed(house: House) -> None:
    """One that is killed is missed, and the next one shown, all by itself."""
    house.write({"web": well()}, daemon=FAST)
    await house.start()
    await house.running("web")
    async with terminal() as screen, view(house, screen):
        await screen.has("HEALTHY  1 of 1 running")
        await house.kill9()
        await screen.has("NO DAEMON for", "web")
        await house.start()
        await screen.has("there is another daemon", "1 of 1 running")
        await screen.until(lambda one: "NO DAEMON" not in one.text)


@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_it_gives_back_the_terminal_when_told_to_end(
    house: House, signo: signal.Signals
) -> None:
    """By Ctrl-C as a person leaves; by others so that who sent them sees it."""
    house.write({"web": well()})
    await house.start()
    async with terminal() as screen:
        modes = screen.modes()
        async with view(house, screen) as process:
            await screen.has("web")
            process.send_signal(signo)
            await screen.until(lambda one: not one.taken)
            expected = 0 if signo is signal.SIGINT else -signo
            assert expected == await process.wait()
        assert modes == screen.modes()


async def test_a_log_is_followed_outside(house: House) -> None:
    """The terminal is given back for so long; Ctrl-C comes back to the view."""
    house.write({"web": harness.sh("echo said this; exec sleep 1000")})
    await house.start()
    await house.running("web")
    async with terminal() as screen:
        modes = screen.modes()
        async with view(house, screen):
            await screen.has("web")
            screen.press("l")
            await screen.until(lambda one: not one.taken and "said this" in one.raw)
            assert modes == screen.modes()
            screen.press("\x03")
            await screen.until(lambda one: one.taken and "NAME" in one.text)
            screen.press("\x1a")  # Ctrl-Z
            await screen.until(lambda one: not one.taken)
            assert modes == screen.modes()


async def test_without_a_terminal_it_refuses(house: House) -> None:
    """With what scripts use instead; and where nobody is, as every command does."""
    ran = await house.ctl("top")
    assert 2 == ran.status
    assert "no terminal" in ran.err
    assert "selfhealctl status" in ran.err
    async with terminal() as screen, view(house, screen) as process:
        assert 5 == await process.wait()
        assert not lives(process.pid)
        shown = os.read(screen.ours, 65536)
        assert b"cannot reach the daemon" in shown
        assert b"\x1b" not in shown
