"""Puts the parts of a daemon together; nothing runs yet."""

import os
import secrets
from functools import partial
from random import Random

import msgspec
import trio

import selfhealingd
from selfhealingd import complaints, logs
from selfhealingd.adopting import users, with_gone
from selfhealingd.clock import boottime, utc_now
from selfhealingd.config.settings import Config
from selfhealingd.core.endpoint import brought_back
from selfhealingd.core.events import Event
from selfhealingd.core.launch import Launch
from selfhealingd.core.notice import Notice, notice
from selfhealingd.core.output import journal_of
from selfhealingd.core.record import Opening
from selfhealingd.core.sample import Sample
from selfhealingd.core.snapshot import Anchor, with_leftovers
from selfhealingd.core.watch import Unit
from selfhealingd.counting import Counts
from selfhealingd.diagnosing import Diagnosis
from selfhealingd.door import Door
from selfhealingd.feed import Feed
from selfhealingd.gathering import Gatherer
from selfhealingd.hands import Hands
from selfhealingd.hostcare import HostCare
from selfhealingd.inheritance import Inheritance, instance, output_folder
from selfhealingd.investigating import Investigator
from selfhealingd.judging import judge
from selfhealingd.loop import Loop
from selfhealingd.memory import (
    Memory,
    Moment,
    Present,
    remember,
    state_path,
)
from selfhealingd.notify.hooks import Hooks, Letter
from selfhealingd.observe.sampler import HOST_VIEWS, Sampler
from selfhealingd.observing import Observers
from selfhealingd.operations import Operations
from selfhealingd.origins import Origins
from selfhealingd.outflow import OutflowWatch, move_output
from selfhealingd.periodic import Periodic
from selfhealingd.probing import prober
from selfhealingd.problems import Problems
from selfhealingd.recalling import Recall
from selfhealingd.runbooks import Runbooks
from selfhealingd.secrecy import Secrecy
from selfhealingd.store.evidence import EvidenceStore
from selfhealingd.store.journal import Journal
from selfhealingd.store.keeper import Keeper
from selfhealingd.store.lock import Lock
from selfhealingd.store.statefile import StateFile
from selfhealingd.succession import Succession
from selfhealingd.supervise.cgroup import Cgroups, own_cgroup
from selfhealingd.supervise.identity import boot_id
from selfhealingd.supervise.output.outputs import Outputs
from selfhealingd.supervise.readiness.gate import Gates
from selfhealingd.supervise.run import DISCREET
from selfhealingd.supervise.runs import Kit, Runs
from selfhealingd.supervise.sockets.knocks import Knocks
from selfhealingd.supervise.sockets.pool import Sockets
from selfhealingd.supervise.watching.watcher import Around
from selfhealingd.supervise.watching.watching import Watching
from selfhealingd.system import System
from selfhealingd.tasks import BackgroundTaskManager
from selfhealingd.telling import make_hooks
from selfhealingd.upkeep import own_tasks
from selfhealingd.wire.documents import EventDocument
from selfhealingd.wire.times import rfc3339

log = logs.get("Daemon")


async def assemble(
    config: Config,
    lock: Lock,
    door: Door,
    nursery: trio.Nursery,
    cgroups: Cgroups | None,
) -> tuple[System, Hands]:
    """Put the parts together and start those that wait for work."""
    problems = Problems()
    boot = boot_id()
    present = Present(trio.current_time(), boottime(), boot)
    now = present.now
    anchor = Anchor(now, utc_now())
    file = StateFile(state_path(config.daemon.state_dir))
    past = await trio.to_thread.run_sync(
        partial(remember, file, present=present, seed=secrets.token_hex(8))
    )
    complaints.tell_notes([note.words for note in past.notes], problems)
    inheritance = Inheritance(config)
    survivors = await inheritance.look(past.recorded, users(config, past))
    wanted, config = config, with_gone(config, survivors, past.origins)
    inheritance.take_over(config.policy.programs)
    host = past.bring_back(config.policy, survivors)
    host = with_leftovers(host, inheritance.deadlines(), now=now)
    origins = Origins(past.origins)
    parts: list[System] = []  # what the callbacks below need is made after them
    secrecy = _secrecy(parts)

    def snapshot() -> Moment:
        return _moment(parts[0])

    def opening() -> list[bytes]:
        return [msgspec.json.encode(opening_record(parts[0].loop, boot))]

    def note_status(service: str, words: str | None) -> None:
        parts[0].note_status(service, words and secrecy.told(words))

    journal = Journal(config.daemon.state_dir / "journal.jsonl", opening=opening)
    memory = Memory(file, anchor, boot)
    keeper: Keeper[Moment] = Keeper(journal, snapshot, memory.write)
    feed, counts = Feed(), Counts()
    mark = instance(config)
    hooks = make_hooks(mark, problems, lambda letter: _notice(parts[0], letter))
    loop = Loop(
        config.policy,
        host,
        anchor,
        memory=keeper,
        tell=partial(_tell, feed, hooks, counts),
        on_fault=partial(complaints.on_fault, problems),
    )
    loop.launches = dict(config.launches)
    changed = partial(keeper.put, state_changed=True, durable=True)
    outputs = await _outputs(config, nursery, problems)
    probes = prober(mark, outputs, partial(_launch, loop), loop.post, config.probes)
    await nursery.start(probes.run)
    manager = BackgroundTaskManager(
        random=Random(),  # noqa: S311 - it only spreads work over time
        on_failure=complaints.on_task_failure,
        on_change=changed,
        paused=past.paused,
    )
    sockets = Sockets(partial(complaints.on_socket, problems))
    gates = Gates(
        config.daemon.runtime_dir,
        outputs,
        report=loop.post,
        trouble=complaints.on_trouble,
        say=note_status,
        prober=probes,
    )
    kit = Kit(
        outputs=outputs,
        sockets=sockets,
        cgroups=cgroups,
        gates=gates,
        notes=inheritance.notes,
    )
    sampler = Sampler(
        config.daemon.sample_interval,
        lambda: loop.host.flags.process_monitoring,
        on_fault=complaints.on_sampler_fault,
        always_host=HOST_VIEWS,
    )
    evidence = EvidenceStore(config.daemon.state_dir / "evidence")
    gatherer = Gatherer(
        loop,
        evidence,
        Investigator(
            outputs,
            mark,
            samples=partial(_samples, sampler),
            cgroup=own_cgroup(),
            without_secrets=secrecy.redacted,
        ),
        problems,
        report=loop.post,
        journal=lambda name: _journal(parts[0].config, name),
    )

    async def report(event: Event) -> None:
        gatherer.note(event)
        await loop.post(event)

    runs = Runs(mark, report, complaints.on_trouble, kit)
    care = HostCare(mark, loop, problems, inheritance.commands_ended.wait)
    judging = await nursery.start(judge, config, sampler, care)
    system = System(
        config=config,
        wanted=wanted,
        loop=loop,
        keeper=keeper,
        journal=journal,
        periodic=Periodic(
            manager,
            mark,
            own=own_tasks(
                config,
                door,
                lock,
                problems,
                lambda: keeper.problem,
                sampler,
                gatherer.retry,
            ),
            ended=past.ended,
            on_change=changed,
        ),
        feed=feed,
        hooks=hooks,
        counts=counts,
        operations=Operations(loop),
        problems=problems,
        inheritance=inheritance,
        outputs=outputs,
        evidence=evidence,
        prober=probes,
        sockets=sockets,
        watching=Watching(
            Around(
                nursery,
                report,
                complaints.on_trouble,
                partial(complaints.on_blind, problems),
            )
        ),
        origins=origins,
        sampler=sampler,
        judging=judging,
        diagnosis=Diagnosis(
            lambda: (parts[0].config, loop.host.flags),
            mark,
            problems,
            secrecy,
            endpoint=brought_back(past.llm, now),
            changed=changed,
        ),
        diagnoses=EvidenceStore(config.daemon.state_dir / "diagnoses"),
        secrecy=secrecy,
        recall=Recall(lambda: parts[0].config.daemon.state_dir / "llm-cache.json"),
        succession=Succession(mark, lock, door, runs=runs, kit=kit),
        nursery=nursery,
        began=now,
    )
    parts.append(system)
    hands = Hands(
        runs=runs,
        watching=system.watching,
        knocks=Knocks(sockets, loop.post),
        nursery=nursery,
        origins=origins,
        observers=Observers(
            (sampler, *judging.observers, probes), judging.services.start
        ),
        runbooks=Runbooks(
            mark,
            loop,
            lambda: parts[0].config,
            signal=lambda *whom: hands.signal(*whom, group=False),
            report=loop.post,
            clear=inheritance.commands_ended.wait,
        ),
        gatherer=gatherer,
    )
    return system, hands


def _secrecy(parts: list[System]) -> Secrecy:
    """Have all that commands say told without secrets."""
    secrecy = Secrecy(lambda: parts[0].config)
    DISCREET.set(secrecy.told)
    return secrecy


def _launch(loop: Loop, service: str) -> Launch:
    return loop.launches.get(service) or Launch(argv=())


async def _outputs(
    config: Config, nursery: trio.Nursery, problems: Problems
) -> Outputs:
    watch = OutflowWatch()
    outputs = Outputs(
        output_folder(config),
        changed=lambda: watch.look(outputs.problems()),
    )
    await nursery.start(move_output, outputs, problems)
    return outputs


def _moment(system: System) -> Moment:
    return Moment(
        host=system.loop.host,
        programs=system.loop.policy.programs,
        now=trio.current_time(),
        boottime=boottime(),
        paused=system.periodic.manager.paused,
        ended=system.periodic.ended,
        launched=system.origins.launched(),
        adopted=dict(system.origins.adopted),
        clean=system.ending,
        llm=system.diagnosis.endpoint,
    )


def opening_record(loop: Loop, boot: str) -> Opening:
    """What a replay of the journal begins with."""
    seq, policy, host = loop.mark
    return Opening(
        at=rfc3339(utc_now()),
        seq=seq,
        version=selfhealingd.__version__,
        pid=os.getpid(),
        boot=boot,
        anchor=loop.anchor,
        policy=policy,
        host=host,
    )


def _journal(config: Config, service: str) -> str | None:
    launch, watch = config.launches.get(service), config.watches.get(service)
    if watch is not None and isinstance(watch.sought, Unit):
        return f"--unit={watch.sought.name}"
    if launch is None:
        return None
    return journal_of(service, launch.stdout, launch.stderr)


def _samples(sampler: Sampler, service: str) -> list[Sample]:
    series = sampler.series(service)
    return [] if series is None else series.samples()


def _tell(feed: Feed, hooks: Hooks, counts: Counts, event: EventDocument) -> None:
    counts.note(event)
    feed.publish(event)
    hooks.offer(event)
    tell_in_log(event)


def tell_in_log(event: EventDocument) -> None:
    """Write an announcement to the log of the component that it is from."""
    of_program = event.kind.split(".")[0] in {"service", "incident", "attempt"}
    words = f"{event.service}: {event.words}" if of_program else event.words
    getattr(logs.get(event.component), event.level)(words)


def _notice(system: System, letter: Letter) -> Notice:
    """Write what people are told of events, with how it is now."""
    return notice(
        system.loop.policy,
        system.loop.host,
        (letter.event, *letter.more),
        anchor=Anchor(trio.current_time(), utc_now()),
        node=os.uname().nodename,
        missed=letter.missed,
    )
