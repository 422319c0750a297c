"""One incident's evidence: what is looked for, part by part, and the document of it.

What the rooms know is brought together here; when it is looked for, and for how long,
is decided in ``gathering``.
"""

import os
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeAlias

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.core.evidence import MAX_LINES, ask_journal, lines_of, telling
from selfhealingd.core.exits import Exit, story
from selfhealingd.core.launch import Launch
from selfhealingd.core.output import logs as logs_of
from selfhealingd.core.sample import Sample
from selfhealingd.observe.evidence.kernel import (
    KernelLog,
    kernel_time,
    memory_cgroup,
    oom_in_words,
)
from selfhealingd.observe.evidence.look import at_changes, at_core, at_host, at_process
from selfhealingd.observe.evidence.memory import OomCounter
from selfhealingd.observe.evidence.notes import Notes
from selfhealingd.observe.evidence.pyspy import spy_on, stack_in
from selfhealingd.supervise.environment import INSTANCE, TASK
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.output.errors import OutputError
from selfhealingd.supervise.output.outputs import EndSoon, Outputs
from selfhealingd.supervise.run import run_to_end
from selfhealingd.wire.evidence import EvidenceDocument, SaidDocument, SamplesDocument

THREADS = 8
COMMANDS = 2
"""At once: each is a process, and a hundred services may hang for the same cause."""

RUN_SECS = 3.0
SHORTLY_SECS = 30.0
JOURNAL_LAG_SECS = 0.2
"""What systemd says of an end comes a moment after it."""

MOST_SAID = 32 * 1024
"""Bytes of a log, or of a stack."""

Ends: TypeAlias = dict[Path, int | EndSoon | None]
"""How far each log had been written, as far as that is known."""

log = logs.get("Evidence")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when an incident opens.

    ``at``: trio's clock; the same on others: ``wall``, seconds since the epoch,
    ``monotonic``, the kernel's, ``taken``, in words. ``pid`` is its process's, which
    runs where ``alive``. ``lasted``: seconds since its run began; ``settings``: since
    it was first run with those it has. ``logs``: where it writes to, and where each of
    these ended then. ``journal``: what its lines in systemd's journal are found by.
    """

    service: str
    run: int
    incident: str
    at: float
    wall: float
    monotonic: float
    taken: str
    alive: bool
    pid: int | None
    started: int | None
    end: Exit | None
    launch: Launch
    lasted: float
    settings: float | None
    logs: Ends = {}
    journal: str | None = None
    samples: SamplesDocument | None = None


class Investigator:
    """Looks for parts, each by itself; all of it for the loop's thread.

    ``mark``: what the daemon's processes are known by. ``samples``: what was measured
    of a service of late. ``cgroup``: the daemon's own, if its memory is controlled.
    ``without_secrets`` leaves of evidence what may be kept; for any thread.
    """

    def __init__(
        self,
        outputs: Outputs,
        mark: str,
        *,
        samples: Callable[[str], Sequence[Sample]] = lambda _: (),
        cgroup: Path | None = None,
        without_secrets: Callable[[EvidenceDocument], EvidenceDocument] = lambda it: it,
    ) -> None:
        self.samples = samples
        self.without_secrets = without_secrets
        self._outputs = outputs
        self._mark = mark
        self._kernel = KernelLog()
        self._ooms = OomCounter(cgroup)
        # Threads of their own: those that hang must not keep the rest of the daemon
        # from having one. The kernel's log is for one at a time.
        self._threads = trio.CapacityLimiter(THREADS)
        self._one = trio.CapacityLimiter(1)
        self._commands = trio.CapacityLimiter(COMMANDS)

    def ends(self, launch: Launch, *, inherited: bool) -> Ends:
        """Return where a run's logs end now: what comes is of its next one.

        One that this daemon has not written to has nothing of it, unless the run is
        ``inherited`` from an earlier daemon; then nobody knows its end.
        """
        paths = logs_of(launch.stdout, launch.stderr)
        known = self._outputs
        return {
            path: known.settling_end(path) if (end := known.end(path)) is None else end
            for path in paths
            if inherited or known.wrote(path)
        }

    async def settled(self, case: Case) -> Case:
        """Return it with the ends of logs that were just being written to."""
        logs = dict(case.logs)
        for path, end in case.logs.items():
            if callable(end):
                logs[path] = None
                with suppress(OutputError):  # its tail will tell
                    logs[path] = await end()
        return msgspec.structs.replace(case, logs=logs)

    async def living(self, case: Case, notes: Notes) -> None:
        """Look at a process that runs, and around it, all at once."""
        async with trio.open_nursery() as nursery:
            for look in (self.said, self._process, self._stack, self.around):
                nursery.start_soon(look, case, notes)

    async def said(self, case: Case, notes: Notes) -> None:
        """Look for its last lines."""
        with _part("output", notes, case):
            found = []
            for path, known in case.logs.items():
                until = known if isinstance(known, int) else None
                end = await self._outputs.tail(
                    path, lines=MAX_LINES, most=MOST_SAID, until=until
                )
                lines = lines_of(end.data)
                if lines:
                    found.append(SaidDocument(path=str(path), lines=lines, cut=end.cut))
            if case.journal is not None:
                found += await self._journal(case.journal, case, notes)
            notes.note("output", tuple(found))
            notes.note("telling", telling(line for one in found for line in one.lines))

    async def around(self, case: Case, notes: Notes) -> None:
        """Look for what is known of a run beside its process, over or not."""
        with _part("kernel", notes, case):
            await self._in_thread(self._ask_kernel, case, notes, limiter=self._one)
        with _part("changed", notes, case):
            await self._in_thread(_surroundings, case, notes, limiter=self._threads)

    async def _process(self, case: Case, notes: Notes) -> None:
        if case.pid is None:
            return
        with _part("process", notes, case):
            look = partial(at_process, case.pid, case.started)
            await self._in_thread(lambda _, n: look(n), case, notes, self._threads)

    async def _stack(self, case: Case, notes: Notes) -> None:
        if case.pid is None:
            return
        with _part("python_stack", notes, case):
            command = await trio.to_thread.run_sync(
                spy_on, case.pid, abandon_on_cancel=True, limiter=self._threads
            )
            if command is not None:
                said = await self._run(command, "python_stack", notes)
                notes.note("python_stack", stack_in(said or ""))

    async def _journal(
        self, match: str, case: Case, notes: Notes
    ) -> list[SaidDocument]:
        command = ask_journal(match, case.wall + JOURNAL_LAG_SECS)
        said = await self._run(command, "output", notes)
        lines = () if said is None else lines_of(said.encode())
        return [SaidDocument(path=f"journal: {match}", lines=lines)] if lines else []

    async def _run(
        self, command: tuple[str, ...], part: str, notes: Notes
    ) -> str | None:
        """Return what a command says; None, and noted, where it does not."""
        marks = {INSTANCE: self._mark, TASK: "evidence"}
        launch = Launch(argv=command)
        try:
            async with self._commands:
                ran = await run_to_end(
                    launch, marks, timeout=RUN_SECS, output_limit=MOST_SAID
                )
        except SpawnError as error:
            notes.miss(part, str(error))
            return None
        problem = ran.problem(RUN_SECS)
        if problem is None:
            return ran.tail
        notes.miss(part, f"{Path(command[0]).name} {problem}")
        return None

    async def _in_thread(
        self,
        look: Callable[[Case, Notes], None],
        case: Case,
        notes: Notes,
        limiter: trio.CapacityLimiter,
    ) -> None:
        await trio.to_thread.run_sync(
            look, case, notes, abandon_on_cancel=True, limiter=limiter
        )

    def _ask_kernel(self, case: Case, notes: Notes) -> None:
        counted = self._ooms.news()
        lines: tuple[str, ...] = ()
        own = other = None
        if case.pid is not None:
            lines = self._kernel.about(case.pid, kernel_time(case.started))
            own = oom_in_words(lines, case.pid)
        if own is None:
            # A worker of it, perhaps, or what it depends on.
            since = case.monotonic - SHORTLY_SECS
            others = self._kernel.kills(
                since,
                memory_cgroup(case.pid if case.alive else None),
                own=f"{case.service}.{case.pid}.{case.started}",
            )
            other = oom_in_words(others)
            lines = (*lines, *(line for line in others if line not in lines))
        notes.note("kernel", lines)
        notes.note("oom", own or (other and f"shortly before, {other}") or counted)
        if self._kernel.problem is not None:
            notes.miss("kernel", self._kernel.problem)


def document(case: Case, notes: Notes, seconds: float) -> EvidenceDocument:
    """All that was found. ``seconds``: how long it took."""
    plain = EvidenceDocument(
        incident=case.incident,
        service=case.service,
        run=case.run,
        taken=case.taken,
        seconds=round(seconds, 3),
        alive=case.alive,
        pid=case.pid,
        end=None if case.end is None else story(case.end),
        samples=case.samples,
        missing=notes.missing,
    )
    return msgspec.structs.replace(plain, **notes.found)


def _surroundings(case: Case, notes: Notes) -> None:
    at_host(notes)
    if case.end is not None and case.pid is not None:
        own, _ = resource.getrlimit(resource.RLIMIT_CORE)
        at_core(case.end, case.pid, case.launch, own, notes)
    at_changes(
        case.launch,
        os.environ,
        notes,
        now=case.wall,
        lasted=case.lasted,
        settings=case.settings,
    )


@contextmanager
def _part(part: str, notes: Notes, case: Case) -> Iterator[None]:
    """Let what goes wrong in the block be the part's alone."""
    try:
        with notes.doing(part):
            yield
    except OutputError as error:
        notes.miss(part, str(error))
    except Exception:
        log.exception(f"{case.service}: a defect of ours: no {part} in the evidence")
        notes.miss(part, "a defect of ours: see the daemon's log")
