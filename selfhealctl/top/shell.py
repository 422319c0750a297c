"""What the view does: read keys, ask the daemon, draw. It decides nothing."""

import io
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import replace
from datetime import UTC, datetime

import trio

from selfhealctl.client import Notice
from selfhealctl.errors import CannotError, Refused, TimedOut, Unreachable
from selfhealctl.ink import Paint
from selfhealctl.session import Session, read
from selfhealctl.top import frame, rows
from selfhealctl.top.keys import Keys
from selfhealctl.top.link import Link, connect
from selfhealctl.top.model import (
    Deed,
    Explain,
    Inspect,
    Lost,
    Model,
    Operate,
    Quit,
    Tail,
)
from selfhealctl.top.pressing import press
from selfhealctl.top.terminal import Terminal
from selfhealingd.wire.documents import Status
from selfhealingd.wire.evidence import InquestDocument
from selfhealingd.wire.explanation import ExplanationDocument
from selfhealingd.wire.measured import HistoryDocument
from selfhealingd.wire.methods import (
    History,
    IncidentId,
    Names,
    One,
    Params,
    Restart,
    Resume,
    Subscribe,
)
from selfhealingd.wire.operation import Done, Finished, Progress, Started

_FRAME_SECS = 1 / 30
_ESCAPE_SECS = 0.05
"""How long the rest of an escape sequence may take."""

_REST = 4.0
"""Times as long as a status took, nothing more is asked: the daemon has other work."""

_SOON_SECS, _AGAIN_SECS, _LATE_SECS = 0.1, 0.5, 2.0
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SIGNALS = (*_ENDINGS, signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH)
_GONE = (Unreachable, TimedOut)
_INTERRUPTED = (0, 130, -signal.SIGINT)


async def watch(
    session: Session, terminal: Terminal, paint: Paint, status: Status
) -> signal.Signals | None:
    """Show how it goes until a person leaves; return the signal that ended it."""
    return await _Shell(session, terminal, paint, status).run()


class _Shell:
    def __init__(
        self, session: Session, terminal: Terminal, paint: Paint, status: Status
    ) -> None:
        self._session = session
        self._terminal = terminal
        self._paint = paint
        columns, height = terminal.size
        model = Model(
            now=_now(), columns=columns, rows=height, machine=os.uname().nodename
        )
        self._model = model.seen(status)
        self._changed = trio.Event()
        self._changed.set()
        self._stale = trio.Event()
        self._stale.set()
        self._afresh = False
        self._outside = False
        self._ended_by: signal.Signals | None = None

    async def run(self) -> signal.Signals | None:
        self._terminal.enter()
        with trio.open_signal_receiver(*_SIGNALS) as signals:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self._heed, signals)
                nursery.start_soon(self._type)
                nursery.start_soon(self._follow)
                nursery.start_soon(self._refresh)
                nursery.start_soon(self._tick)
                nursery.start_soon(self._draw)
        return self._ended_by

    def _put(self, model: Model) -> None:
        if model is not self._model:
            self._model = model
            self._changed.set()

    def _height(self) -> int:
        return frame.height(self._model, self._paint)

    # The terminal

    async def _heed(self, signals: AsyncIterator[int]) -> None:
        async for number in signals:
            match number:
                case signal.SIGWINCH:
                    self._measure()
                case signal.SIGTSTP:
                    self._stop()
                case signal.SIGCONT:
                    self._go_on()
                case signal.SIGINT if self._outside:
                    pass  # it is meant for what runs there
                case signal.SIGINT:
                    self._nursery.cancel_scope.cancel()
                case signal.SIGTERM | signal.SIGHUP:
                    self._ended_by = signal.Signals(number)
                    self._nursery.cancel_scope.cancel()

    def _measure(self) -> None:
        columns, height = self._terminal.size
        model = replace(self._model, columns=columns, rows=height)
        self._model = model
        self._put(model.settled(frame.height(model, self._paint)))
        self._redraw()
        self._stale.set()

    def _redraw(self) -> None:
        self._afresh = True
        self._changed.set()

    def _stop(self) -> None:
        """Give the terminal back, stop as Ctrl-Z stops others, and go on some day."""
        mine = self._terminal.entered
        self._terminal.leave()
        os.kill(os.getpid(), signal.SIGSTOP)
        if mine:
            self._terminal.enter()

    def _go_on(self) -> None:
        """Take the terminal again: whoever had it meanwhile left it as they like."""
        if self._terminal.entered:
            self._terminal.enter()
            self._measure()

    async def _draw(self) -> None:
        while True:
            await self._changed.wait()
            self._changed = trio.Event()
            afresh, self._afresh = self._afresh, False
            model, paint = self._model, self._paint
            lines = frame.frame(model, paint)
            drawn = [paint.draw(one, model.columns) for one in lines]
            try:
                await self._terminal.show(drawn, afresh=afresh)
            except OSError:  # nobody looks any more
                self._nursery.cancel_scope.cancel()
            await trio.sleep(_FRAME_SECS)

    async def _tick(self) -> None:
        while True:
            now = _now()
            self._put(self._model.at(now))
            await trio.sleep(1.0 - now % 1.0)

    async def _type(self) -> None:
        keys = Keys()
        while True:
            data = b""
            if keys.waiting:
                with trio.move_on_after(_ESCAPE_SECS):
                    data = await self._terminal.read()
                pressed = keys.feed(data) if data else keys.flush()
            else:
                with suppress(OSError):  # it is gone: nobody looks any more
                    data = await self._terminal.read()
                if not data:
                    self._nursery.cancel_scope.cancel()
                    return
                pressed = keys.feed(data)
            for key in pressed:
                before = self._model
                model, deed = press(before, key, height=self._height())
                self._put(model)
                if (before.paused and not model.paused) or before.top != model.top:
                    self._stale.set()
                if deed is not None:
                    await self._do(deed)

    # The daemon

    async def _follow(self) -> None:
        """Hear of each event; where the daemon goes away, look for the next one."""
        wait = _AGAIN_SECS
        while True:
            try:
                async with connect(self._session.socket, self._session.timeout) as link:
                    await link.call("subscribe", Subscribe())
                    wait = _AGAIN_SECS
                    self._stale.set()
                    await self._hear(link)
            except CannotError as error:
                self._put(self._model.lost(error.words))
            await trio.sleep(wait)
            wait = min(2 * wait, _LATE_SECS)

    async def _hear(self, link: Link) -> None:
        while True:
            notice = await link.notice()
            if notice.method in ("event", "lagged"):
                self._stale.set()

    async def _refresh(self) -> None:
        """Ask how all is after events, and after each sweep of measurements."""
        while True:
            with trio.move_on_after(max(1.0, self._model.interval)):
                await self._stale.wait()
            self._stale = trio.Event()
            if self._model.paused or self._outside:
                continue
            began = trio.current_time()
            try:
                async with connect(self._session.socket, self._session.timeout) as link:
                    await self._ask(link)
            except _GONE as error:
                self._put(self._model.lost(error.words))
            except CannotError as error:
                self._put(self._model.told(error.words, ok=False))
            took = trio.current_time() - began
            await trio.sleep(max(_SOON_SECS, _REST * took))

    async def _ask(self, link: Link) -> None:
        raw = await link.call("status")
        before = self._model.status
        model = self._model.seen(read(raw, Status))
        now = model.status
        if (
            isinstance(self._model.link, Lost)
            and now is not None
            and before is not None
        ):
            changed = now.pid != before.pid
            model = model.told(
                f"there is another daemon, pid {now.pid}" if changed else "it is back"
            )
        self._put(model.settled(frame.height(model, self._paint)))
        widths = rows.columns(model)
        shown = model.services[model.top : model.top + self._height()]
        history = History(
            names=tuple(one.name for one in shown),
            points=max(widths.spark, frame.HOST_BARS),
        )
        if shown:
            # One of them may be gone by now, or the daemon may know no such method.
            with suppress(Refused):
                raw = await link.call("history", history)
                self._put(self._model.drawn(read(raw, HistoryDocument)))

    # Deeds

    async def _do(self, deed: Deed) -> None:
        match deed:
            case Quit():
                self._nursery.cancel_scope.cancel()
            case Operate():
                self._nursery.start_soon(self._operate, deed)
            case Explain(name):
                await self._read("explain", One(name=name), f"{name}: why")
            case Inspect(name):
                await self._read("incident", IncidentId(id=name), f"incident {name}")
            case Tail(name):
                await self._tail(name)

    async def _operate(self, deed: Operate) -> None:
        what = f"{deed.method} {deed.name}".strip()
        self._put(self._model.told(f"{what} …", secs=self._session.timeout))
        try:
            async with connect(self._session.socket, self._session.timeout) as link:
                raw = await link.call(deed.method, _params(deed))
                if deed.name:
                    await self._see_through(link, what, read(raw, Started))
                else:
                    self._put(self._model.told(read(raw, Done).words))
        except CannotError as error:
            hint = f"; {error.hint}" if error.hint else ""
            self._put(self._model.told(f"{error.words}{hint}", ok=False, secs=20.0))
        self._stale.set()

    async def _see_through(self, link: Link, what: str, started: Started) -> None:
        with trio.move_on_after(started.deadline + self._session.timeout):
            while not self._told(what, await link.notice()):
                pass

    def _told(self, what: str, notice: Notice) -> bool:
        """Show what a notification says; return whether it is the last one."""
        match notice.method:
            case "progress":
                now = read(notice.params, Progress)
                self._put(self._model.told(f"{what}: {now.state} {now.words}"))
            case "finished":
                for one in read(notice.params, Finished).outcomes:
                    hint = f"; {one.hint}" if one.hint else ""
                    words = " ".join(filter(None, (one.state, one.words)))
                    how = "" if one.ok else "failed: "
                    self._put(
                        self._model.told(
                            f"{what}: {how}{words}{hint}",
                            ok=one.ok,
                            secs=8.0 if one.ok else 20.0,
                        )
                    )
                return True
        return False

    async def _read(self, method: str, params: Params, title: str) -> None:
        try:
            async with connect(self._session.socket, self._session.timeout) as link:
                raw = await link.call(method, params)
            text = _printed(method, raw)
        except CannotError as error:
            self._put(self._model.told(error.words, ok=False))
            return
        reading = frame.reading(title, text, self._model.columns)
        self._put(replace(self._model, mode=reading))

    async def _tail(self, name: str) -> None:
        """Leave the screen to ``selfhealctl tail``, until it ends."""
        self._terminal.leave()
        self._outside = True
        number = max(1, self._model.rows - 2)
        where = ["--socket", str(self._session.socket)]
        command = ["tail", "--follow", "--lines", str(number), "--", name]
        print(f"{name}: Ctrl-C goes back", flush=True)  # noqa: T201  the shell's screen
        ended = await trio.run_process(
            [sys.executable, "-m", "selfhealctl", *where, *command],
            stdin=None,
            check=False,
        )
        if ended.returncode not in _INTERRUPTED:
            print("Enter goes back", flush=True)  # noqa: T201  as above
            await self._terminal.read()
        self._outside = False
        self._terminal.enter()
        self._measure()


def _now() -> float:
    return datetime.now(UTC).timestamp()


def _params(deed: Operate) -> Params:
    match deed.method:
        case "restart":
            return Restart(names=(deed.name,), reason=deed.reason)
        case "resume":
            return Resume(reason=deed.reason or "")
    return Names(names=(deed.name,), reason=deed.reason)


def _printed(method: str, raw: bytes) -> str:
    """Return what the command of that name prints."""
    text = io.StringIO()
    with redirect_stdout(text):
        _VIEWS[method](raw)
    return text.getvalue()


def _explanation(raw: bytes) -> None:
    from selfhealctl.views.explanation import show_explanation  # noqa: PLC0415

    show_explanation(read(raw, ExplanationDocument))


def _inquest(raw: bytes) -> None:
    from selfhealctl.views.incident import show_inquest  # noqa: PLC0415

    show_inquest(read(raw, InquestDocument), None, withheld=False)


_VIEWS: Mapping[str, Callable[[bytes], None]] = {
    "explain": _explanation,
    "incident": _inquest,
}
