"""Start-up and shutdown: in which order the parts begin, and in which they end.

    lock -> state -> leftovers of an earlier daemon -> loop -> programs -> control
    programs, highest priority number first -> tasks -> last state -> control -> lock

Being killed at any point is one more way to end: the next start is the same.
"""

import math
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import trio

import selfhealingd
from selfhealingd import entry, logs, systemd
from selfhealingd.adopting import adopt_all, see_off_gone, tell_missed
from selfhealingd.advising import advise
from selfhealingd.assembly import assemble, opening_record
from selfhealingd.commands import registry
from selfhealingd.config.paths import defaults
from selfhealingd.config.settings import Config
from selfhealingd.control.listener import SocketHeld
from selfhealingd.core.events import Began, Emptied, ResumeAsked
from selfhealingd.core.life import Fatal
from selfhealingd.core.words import RESUME, reset_command
from selfhealingd.door import Door
from selfhealingd.ending import kill_all, ourselves, stop_all, tell_last
from selfhealingd.handoff import Handoff
from selfhealingd.hands import Hands
from selfhealingd.inheritance import hold_state, instance
from selfhealingd.logwriter import Writer
from selfhealingd.outflow import reopen_logs
from selfhealingd.redacting import redact_kept
from selfhealingd.reloading import reload, reload_flags
from selfhealingd.reporting import Reporting
from selfhealingd.store.lock import Held
from selfhealingd.supervise import reaper
from selfhealingd.supervise.cgroup import cgroups_of
from selfhealingd.supervise.identity import boot_id
from selfhealingd.system import System
from selfhealingd.upkeep import allow_descriptors, check_damaged, check_writable
from selfhealingd.webserving import serve_web

T = TypeVar("T")

AGAIN_SECS = 1.0
"""A terminal, or timeout(1), may send the same signal twice and mean it once."""

log = logs.get("Daemon")


async def run(
    config: Config,
    *,
    resume: str | None,
    writer: Writer,
    handoff: Handoff | None = None,
) -> bool:
    """Be the daemon until somebody ends it; returns whether all programs ended.

    ``resume``: leave dormant mode first, for this reason. ``handoff``: from the same
    process, as it was before an upgrade. Raises Held or SocketHeld when there is
    another daemon, StoreError or SocketError when files can't be used, CannotSucceed
    when an upgrade ended it.
    """
    with ExitStack() as held:
        lock = held.enter_context(
            await _patiently(partial(hold_state, config, handoff))
        )
        passed = systemd.passed_sockets(os.environ, os.getpid()).get("control")
        handed = None if handoff is None else handoff.socket
        door = await _patiently(partial(Door, config.control, passed, handed))
        held.callback(door.close)
        held.callback(_grow_deaf)
        cgroups = held.enter_context(cgroups_of(instance(config)))
        _expect_signals()
        with trio.open_signal_receiver(*entry.HELD) as signals:
            entry.hear()
            async with trio.open_nursery() as nursery:
                await nursery.start(writer.run)
                system, hands = await assemble(config, lock, door, nursery, cgroups)
                reporting = _reporting(system)
                nursery.start_soon(_upgrade, system, writer)
                nursery.start_soon(_obey_signals, system, hands, reporting, signals)
                nursery.start_soon(_end_with_loop, system)
                await _start(system, hands, door, resume, handoff)
                nursery.start_soon(reporting.run)
                await reporting.ready()
                await system.shutdown_asked.wait()
                await reporting.stopping()
                ended = await stop_all(system, hands)
                await tell_last(system)
                system.sockets.close()
                nursery.cancel_scope.cancel()
    return ended


def _reporting(system: System) -> Reporting:
    notifier = systemd.Notifier(os.environ.get("NOTIFY_SOCKET"))
    watchdog = systemd.watchdog_secs(os.environ, os.getpid())
    return Reporting(system, notifier, watchdog=watchdog)


async def _patiently(take: Callable[[], T]) -> T:
    """Try for a second: what a killed daemon forked has its descriptors until exec."""
    for _ in range(10):
        try:
            return take()
        except (Held, SocketHeld):
            await trio.sleep(0.1)
    return take()


def _expect_signals() -> None:
    """Let no default act between the end of whoever receives signals and ours."""
    for signo in entry.HELD:
        signal.signal(signo, lambda _number, _frame: None)


def _grow_deaf() -> None:
    """Ignore signals for the little that is left to do: whoever asks twice has us."""
    for signo in entry.HELD:
        signal.signal(signo, signal.SIG_IGN)


async def _start(
    system: System,
    hands: Hands,
    door: Door,
    resume: str | None,
    handoff: Handoff | None,
) -> None:
    nursery, loop = system.nursery, system.loop
    allow_descriptors(system.config, system.problems)
    await nursery.start(system.keeper.run)
    system.keeper.put([msgspec.json.encode(opening_record(loop, boot_id()))])
    await nursery.start(system.hooks.run)
    system.hooks.sync(system.config.hooks)
    nursery.start_soon(loop.run, hands)
    await adopt_all(system, hands)
    # Not before: of ours, too, may have ended whom nobody was there to know.
    await nursery.start(reaper.serve)
    await nursery.start(system.periodic.manager.run)
    system.periodic.sync(system.config.tasks)
    await reload_flags(system)
    await system.diagnosis.load_keys()
    if system.flags_loaded is None and system.flags_error is None:
        file = system.config.daemon.flags_file
        log.info(f"there is no flag file, so every feature is on: {file}")
    if resume is not None:
        [answer] = await loop.ask(
            lambda number: ResumeAsked(
                at=trio.current_time(), request=number, by=ourselves(), reason=resume
            )
        )
        log.info(f"--resume: {answer.words}")
    await _recover_sockets(system)
    if handoff is not None:
        handoff.release()
    # By the flags of now: who has switched healing off meanwhile means this as well.
    await tell_missed(system)
    system.watch()
    await loop.apply(Began(at=trio.current_time()))
    nursery.start_soon(advise, system)
    nursery.start_soon(_end_leftovers, system)
    nursery.start_soon(see_off_gone, system)
    await check_writable(system.config.files, system.problems)
    methods = registry(system)
    await nursery.start(door.serve, methods, _on_control_error)
    nursery.start_soon(serve_web, system, methods)
    await check_damaged(system.config.daemon.state_dir, system.problems)
    nursery.start_soon(redact_kept, system.evidence, system.secrecy)
    _say_ready(system)


async def _recover_sockets(system: System) -> None:
    """Have the sockets back before anything ends that still has them open.

    After an upgrade that is, above all, ourselves.
    """
    wanted = list(system.config.sockets)
    if wanted:
        await system.sockets.recover(wanted, [os.getpid(), *system.inheritance.pids()])


async def _end_leftovers(system: System) -> None:
    """See to it that programs of an earlier daemon end, and come up anew."""
    loop = system.loop

    async def emptied(name: str) -> None:
        run = loop.host.services[name].run
        await loop.post(Emptied(at=trio.current_time(), service=name, run=run))

    await system.inheritance.end(emptied, system.problems)


async def _upgrade(system: System, writer: Writer) -> None:
    """Go on as other code, once somebody asks for it and it was found to be good."""
    await system.succession.asked.wait()
    ending = system.shutdown_asked.is_set
    await system.succession.go_on(system.keeper, writer, ending)


async def _end_with_loop(system: System) -> None:
    """An essential program ended: everything else was stopped without our asking."""
    await system.loop.finished.wait()
    system.ask_shutdown(ourselves(), reason=f"{system.loop.ended_by} ended")


async def _obey_signals(
    system: System, hands: Hands, reporting: Reporting, signals: AsyncIterator[int]
) -> None:
    first = math.inf
    async for signo in signals:
        now = trio.current_time()
        match signo:
            case signal.SIGTERM | signal.SIGINT if now > first + AGAIN_SECS:
                log.warning("asked again: killing what is left")
                kill_all(system, hands)
            case signal.SIGTERM | signal.SIGINT:
                first = min(first, now)
                name = signal.Signals(signo).name
                system.ask_shutdown(ourselves(), reason=name)
            case signal.SIGHUP:
                system.nursery.start_soon(_reload, system, reporting)
            case signal.SIGUSR2:
                system.nursery.start_soon(reopen_logs, system.outputs)
            case _:
                log.info(f"{signal.Signals(signo).name} has no meaning here: ignored")


async def _reload(system: System, reporting: Reporting) -> None:
    async with reporting.reloading():
        report = await reload(system)
    say = log.info if report.ok else log.error
    details = report.errors or report.applied
    say(": ".join(["SIGHUP", report.words, *(["; ".join(details)] if details else [])]))


def _on_control_error(error: Exception, method: str) -> None:
    logs.get("Control").error(f"a defect of ours in {method}", exc_info=error)


def _say_ready(system: System) -> None:
    config = system.config
    number = len(config.launches)
    programs = "1 program" if number == 1 else f"{number} programs"
    if config.watches:
        number = len(config.watches)
        programs += ", 1 watch" if number == 1 else f", {number} watches"
    client = _client()
    if config.control.socket != defaults(os.geteuid(), os.environ).socket:
        client += f" --socket {config.control.socket}"
    version = selfhealingd.__version__
    log.info(f"selfhealingd {version} is up, pid {os.getpid()}: {programs}")
    log.info(f"see how they are, in a second terminal: {client} status")
    host = system.loop.host
    if host.dormant:
        log.error(f"still DORMANT, nothing is healed until: {RESUME}")
    for s in host.services.values():
        if isinstance(s.life, Fatal):
            log.error(f"{s.name}: still FATAL until: {reset_command(s.name, s.kind)}")


def _client() -> str:
    """How the client is called from a shell: by its path where PATH doesn't have it."""
    beside = Path(sys.argv[0]).absolute().with_name("selfhealctl")
    if shutil.which("selfhealctl") is None and beside.is_file():
        return str(beside)
    return "selfhealctl"
