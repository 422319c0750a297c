"""The dry run: all is watched and decided as by the daemon, and nothing is touched.

Nothing is started, signalled, bound, locked or written. What would be done is said, and
taken to have helped, or all would soon be given up. So what was wrong before is told
again only once it has been well in between.
"""

import math
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import trio

from selfhealingd import entry, logs
from selfhealingd.assembly import tell_in_log
from selfhealingd.clock import utc_now
from selfhealingd.config.settings import Config
from selfhealingd.core.adoption import fresh
from selfhealingd.core.effects import Order
from selfhealingd.core.events import (
    Appeared,
    Began,
    CommandEnded,
    Event,
    Exited,
    FlagsChanged,
    Gathered,
    Ready,
    Recovered,
    Sickened,
    Spawned,
)
from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Host
from selfhealingd.core.launch import Launch
from selfhealingd.core.life import Purpose, Stopping
from selfhealingd.core.listening import Listening
from selfhealingd.core.probe import Heartbeat, LogLine, LogSilence, Probe, Probes
from selfhealingd.core.signals import signal_name
from selfhealingd.core.snapshot import Anchor
from selfhealingd.core.symptom import Symptom
from selfhealingd.core.watch import Pidfile, Watch
from selfhealingd.flags import FlagError, read_flags
from selfhealingd.hostcare import Finding, HostCare
from selfhealingd.judging import judge
from selfhealingd.logwriter import Writer
from selfhealingd.loop import Loop
from selfhealingd.memory import state_path
from selfhealingd.observe.sampler import Sampler
from selfhealingd.observing import Observers
from selfhealingd.probing import prober
from selfhealingd.problems import Problems
from selfhealingd.store.codec import BadState, decode
from selfhealingd.store.errors import StoreError
from selfhealingd.supervise.identity import Identity, boot_id
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.supervise.watching.onlooker import NOBODY, Onlookers
from selfhealingd.supervise.watching.watcher import Around
from selfhealingd.wire.documents import EventDocument

MARK = "dry-run"
UNSEEN_SECS = 30.0
"""How long it may take to show again, beyond twice what it needs for that."""

log = logs.get("DryRun")


class Forgetful:
    """A memory that keeps nothing."""

    def put(self, lines: Sequence[bytes], *, state_changed: bool, durable: bool) -> int:
        """Take over records, and forget them."""
        del lines, state_changed, durable
        return 0

    async def written(self, ticket: int) -> None:
        """There is nothing to wait for."""
        del ticket
        await trio.lowlevel.checkpoint()


class Lenient(Loop):
    """A loop that takes what is only said to have helped.

    What was wrong when that was said is not told again before it was well.
    """

    def __init__(self, *args: Any, **parts: Any) -> None:
        super().__init__(*args, **parts)
        self._muted: dict[tuple[str, str], float] = {}

    def mute(self, service: str, symptoms: Sequence[Symptom]) -> None:
        """Take these to be mended."""
        now = trio.current_time()
        for one in symptoms:
            until = now + 2 * one.notice_secs + UNSEEN_SECS
            self._muted[service, one.key] = until

    async def mend(self, service: str, run: int, symptoms: Sequence[Symptom]) -> None:
        """Take these to be mended, without another process."""
        self.mute(service, symptoms)
        now = trio.current_time()
        for one in symptoms:
            # Not by ``post``, which would take it for what was seen.
            await super().post(Recovered(at=now, service=service, run=run, key=one.key))

    def unmute(self, service: str) -> None:
        """Another process, or none: what was wrong with the one before is no matter."""
        for name, key in list(self._muted):
            if name == service:
                del self._muted[name, key]

    async def post(self, event: Event) -> None:
        """Put an event into the inbox, unless it is of what is taken to be mended."""
        match event:
            case Sickened(service=name, symptom=symptom):
                until = self._muted.get((name, symptom.key), -math.inf)
                if event.at <= until:
                    self._muted[name, symptom.key] = math.inf
                    return
            case Recovered(service=name, key=key):
                if self._muted.pop((name, key), None) == math.inf:
                    log.info(
                        f"{name}: well again by itself, or by somebody else: {key}"
                    )
            case _:
                pass
        await super().post(event)


class Cautious(HostCare):
    """Keeps what is found of the host, and runs nothing."""

    def _begin(self, finding: Finding, name: str) -> None:
        if self.loop.host.flags.auto_healing:
            say("host", f"would run {name}: {finding.words}")


class DryHands:
    """Performs nothing, and answers so that decisions go on."""

    def __init__(
        self,
        loop: Lenient,
        onlookers: Onlookers,
        observers: Observers,
        nursery: trio.Nursery,
    ) -> None:
        self._loop = loop
        self._onlookers = onlookers
        self._observers = observers
        self._nursery = nursery

    def start(self, service: str, run: int, launch: Launch) -> None:
        """Look for a process that another daemon runs, or say that one is started."""
        del launch
        self._observers.start(service, run)
        self._onlookers.start(service, run, look=False)

    def find(self, service: str, run: int, *, look: bool) -> None:
        """Look for a watch's process, or say that it would be started."""
        self._observers.start(service, run)
        self._onlookers.start(service, run, look=look)

    def signal(self, service: str, run: int, signo: int, *, group: bool) -> None:
        """Say it; where it is to end a run, go on as if it had."""
        del group
        s = self._loop.host.services.get(service)
        if s is None or s.run != run:
            return
        if isinstance(s.life, Stopping):
            self._end(service, run, signo, s.life.purpose)
        else:
            say(service, f"would send {signal_name(signo)}; taken to help")
            self._nursery.start_soon(self._loop.mend, service, run, s.symptoms)

    def order(self, service: str, order: Order, signo: int) -> None:
        """Say it, and go on as if it had been done."""
        s = self._loop.host.services[service]
        purpose = Purpose.AGAIN if order is Order.RESTART else Purpose.STAY
        self._end(service, s.run, signo, purpose)

    def listen(
        self, service: str, sockets: tuple[Listening, ...], at: float | None
    ) -> None:
        """Open nothing."""

    def observe(self, service: str, run: int, pid: int | None) -> None:
        """Look whether a process is well that is there."""
        self._observers.observe(service, run, None if pid == NOBODY else pid)

    def gather(self, service: str, run: int, incident: str) -> None:
        """Keep nothing."""
        del run
        at = trio.current_time()
        self._post(Gathered(at=at, service=service, incident=incident))

    def command(
        self, service: str, incident: str, attempt: int, runbook: str | None
    ) -> None:
        """Say it."""
        what = "have it reload" if runbook is None else f"run {runbook}"
        say(service, f"would {what}; taken to help")
        s = self._loop.host.services[service]
        self._nursery.start_soon(self._loop.mend, service, s.run, s.symptoms)
        at = trio.current_time()
        self._post(
            CommandEnded(at=at, service=service, incident=incident, attempt=attempt)
        )

    def _end(self, service: str, run: int, signo: int, purpose: Purpose) -> None:
        s = self._loop.host.services[service]
        what = "restart" if purpose is Purpose.AGAIN else "stop"
        said = f"would {what} it ({signal_name(signo)})"
        say(service, f"{said}; taken to help until it has been well")
        self._loop.mute(service, s.symptoms)
        now = trio.current_time()
        end = Exit(at=now, signal=signo)
        self._post(Exited(at=now, service=service, run=run, exit=end))

    def _post(self, event: Event) -> None:
        self._nursery.start_soon(self._loop.post, event)


async def run(config: Config, writer: Writer) -> None:
    """Watch and decide, and say what would be done, until somebody ends it."""
    with trio.open_signal_receiver(*entry.HELD) as signals:
        entry.hear()
        async with trio.open_nursery() as nursery:
            await nursery.start(writer.run)
            nursery.start_soon(_until_told, signals, nursery.cancel_scope)
            await _begin(config, nursery)
            await trio.sleep_forever()
    log.info("the dry run is over: nothing was touched")


async def _begin(config: Config, nursery: trio.Nursery) -> None:
    problems, now = Problems(), trio.current_time()
    programs = config.policy.programs
    services = {name: fresh(one, now=now) for name, one in programs.items()}
    loop = Lenient(
        config.policy,
        Host(services=services, seed=secrets.token_hex(8)),
        Anchor(now, utc_now()),
        memory=Forgetful(),
        tell=_tell,
        on_fault=_on_fault,
    )
    loop.launches = dict(config.launches)

    async def report(event: Event) -> None:
        if isinstance(event, Appeared | Exited):
            loop.unmute(event.service)
        await loop.post(event)
        if not isinstance(event, Spawned | Appeared):
            return
        # What is up has shown whatever it has to show at its start.
        if programs[event.service].readiness is not None:
            ready = Ready(at=event.at, service=event.service, run=event.run)
            await loop.post(ready)

    sampler = Sampler(
        config.daemon.sample_interval,
        lambda: loop.host.flags.process_monitoring,
        on_fault=_on_sampler_fault,
    )
    care = Cautious(MARK, loop, problems)
    judging = await nursery.start(judge, config, sampler, care)
    outputs = Outputs(Path(os.devnull))
    launch = partial(_launch, config)
    probes = prober(MARK, outputs, launch, loop.post, askable(config.probes))
    await nursery.start(probes.run)
    recall = partial(recalled, state_path(config.daemon.state_dir))

    def blind(name: str, words: str | None) -> None:
        say(name, "can be looked at again" if words is None else words)

    onlookers = Onlookers(Around(nursery, report, say, blind), recall, say)
    observers = Observers((sampler, *judging.observers, probes), judging.services.start)
    hands = DryHands(loop, onlookers, observers, nursery)
    nursery.start_soon(loop.run, hands)
    await _read_flags(config, loop)
    log.info("dry run: all is watched and decided, nothing is touched; Ctrl-C ends it")
    onlookers.look_at(config.watches, _as_watches(config))
    await loop.apply(Began(at=trio.current_time()))
    nursery.start_soon(_sweep, sampler)


async def _read_flags(config: Config, loop: Loop) -> None:
    try:
        flags = await trio.to_thread.run_sync(read_flags, config.daemon.flags_file)
    except FlagError as error:
        log.error(f"the flag file can't be used, so all features are on: {error}")
        return
    if flags is not None:
        await loop.apply(FlagsChanged(at=trio.current_time(), flags=flags))


def _as_watches(config: Config) -> dict[str, Watch]:
    """Programs as what others run; how they are found is not what this says."""
    return {
        name: Watch(
            sought=Pidfile(Path(os.devnull)),
            start=launch,
            startsecs=config.policy.programs[name].startsecs,
        )
        for name, launch in config.launches.items()
    }


def recalled(file: Path, name: str) -> Identity | None:
    """Which process another daemon's state file says that a program has; blocks."""
    with suppress(OSError, BadState, StoreError, LookupError, TypeError, ValueError):
        document = decode(file.read_bytes())
        one = document.services[name]
        if document.header["boot"] == boot_id():
            return Identity(int(one["pid"]), int(one["started"]))
    return None


def askable(probes: dict[str, Probes]) -> dict[str, Probes]:
    """What can be asked by one who isn't its daemon; tells what can't."""
    return {
        name: Probes(
            liveness=_askable(name, one.liveness),
            readiness=_askable(name, one.readiness),
        )
        for name, one in probes.items()
    }


def _askable(name: str, probe: Probe | None) -> Probe | None:
    if probe is None or not isinstance(probe.what, Heartbeat | LogLine | LogSilence):
        return probe
    say(name, f"cannot be asked in a dry run: {probe.what}")
    return None


def say(service: str, words: str) -> None:
    """Say what would be done for a service."""
    log.warning(f"{service}: {words}")


def _tell(event: EventDocument) -> None:
    words = event.words.replace(f", pid {NOBODY}", ", as it would be")
    tell_in_log(msgspec.structs.replace(event, words=words))


async def _until_told(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    async for _ in signals:
        scope.cancel()
        return


async def _sweep(sampler: Sampler) -> None:
    while True:
        await sampler.sweep()
        await trio.sleep(sampler.interval)


def _launch(config: Config, service: str) -> Launch:
    return config.launches.get(service) or Launch(argv=())


def _on_fault(event: Event, fault: Exception) -> None:
    words = f"a defect of ours: {type(event).__name__} could not be decided"
    log.error(words, exc_info=fault, given=repr(event))


def _on_sampler_fault(fault: Exception) -> None:
    log.error("a defect of ours in who is told what was measured", exc_info=fault)
