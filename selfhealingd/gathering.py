"""Evidence of each incident, gathered in time and kept, whatever else goes wrong.

To a process that runs nothing is done until ``Gathered``, which comes within 5 s. One
that crashed is started again at once: what is gone with it is taken from what remains,
and what can wait does, so that the start need not.
"""

import time
from collections.abc import Awaitable, Callable

import trio

from selfhealingd import logs
from selfhealingd.clock import utc_now
from selfhealingd.core.events import Event, Gathered, Spawned
from selfhealingd.core.evidence import fit, sampled
from selfhealingd.core.launch import Launch
from selfhealingd.core.life import pid_of
from selfhealingd.investigating import Case, Ends, Investigator, document
from selfhealingd.loop import Loop
from selfhealingd.observe.evidence.notes import Notes
from selfhealingd.problems import Problems
from selfhealingd.store.errors import StoreError
from selfhealingd.store.evidence import EvidenceStore
from selfhealingd.wire.evidence import EvidenceDocument
from selfhealingd.wire.times import rfc3339

GATHERED_SECS = 5.0
LOOK_SECS = 4.0
"""For looking; what was found by then is kept in the rest of ``GATHERED_SECS``."""

LULL_SECS = 0.5
"""How long a crash is left alone, in which its program starts again."""

AT_ONCE = 2
"""Crashes that are looked at: what they cost is taken from programs that start."""

MOST_WAITING = 256

MOST_UNKEPT = 16
"""What is held until the disk takes it again: 1 MiB at most."""

PROBLEM = "evidence"

log = logs.get("Evidence")


class Gatherer:
    """Gathers for all services; for the loop's thread.

    ``report`` takes ``Gathered``, after a gathering of the living within 5 s.
    ``journal``: what a service's lines in systemd's journal are found by.
    """

    def __init__(
        self,
        loop: Loop,
        store: EvidenceStore,
        investigator: Investigator,
        problems: Problems,
        *,
        report: Callable[[Event], Awaitable[None]],
        journal: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self._loop = loop
        self._store = store
        self._investigator = investigator
        self._problems = problems
        self._report = report
        self._journal = journal
        self._spawned: dict[str, Spawned] = {}
        self._settings: dict[str, tuple[Launch, float | None]] = {}
        self._unkept: dict[str, EvidenceDocument] = {}
        self._began = trio.current_time()
        self._waiting = 0
        self._left_out = 0
        self._first = trio.CapacityLimiter(AT_ONCE)
        self._later = trio.CapacityLimiter(AT_ONCE)
        self._writing = trio.CapacityLimiter(1)

    def note(self, event: Event) -> None:
        """Remember who runs, and since when with settings other than before."""
        if not isinstance(event, Spawned):
            return
        self._spawned[event.service] = event
        launch = self._loop.launches.get(event.service)
        if launch is None:
            return
        before = self._settings.get(event.service)
        if before is None or before[0] != launch:
            since = None if before is None else event.at
            self._settings[event.service] = (launch, since)

    def ends(self, service: str, run: int) -> Ends:
        """Return where a run's logs end, for ``gather``: before it runs again."""
        launch = self._loop.launches.get(service)
        if launch is None:
            return {}
        now = trio.current_time()
        inherited = now - self._lasted(service, run, now) <= self._began
        return self._investigator.ends(launch, inherited=inherited)

    async def gather(self, service: str, run: int, incident: str, ends: Ends) -> None:
        """Keep an incident's evidence, and report ``Gathered`` whatever happens."""
        gathered = trio.Event()

        async def done() -> None:
            if not gathered.is_set():
                gathered.set()
                now = trio.current_time()
                await self._report(Gathered(at=now, service=service, incident=incident))

        if self._waiting >= MOST_WAITING:
            self._left_out += 1
            await done()
            return
        self._waiting += 1
        try:
            case = self._case(service, run, incident, ends)
            if case.alive:
                await self._living(case)
            else:
                await done()
                await self._dead(case)
        except Exception:
            log.exception(f"{service}: a defect of ours: no evidence of {incident}")
        finally:
            self._waiting -= 1
            self._tell_left_out()
        await done()

    async def _living(self, case: Case) -> None:
        notes = Notes()
        with trio.move_on_at(case.at + LOOK_SECS):
            await self._investigator.living(case, notes)
        notes.give_up(f"no answer in {LOOK_SECS:g} s")
        await self._keep(case, notes, case.at + GATHERED_SECS)

    async def _dead(self, case: Case) -> None:
        notes = Notes()
        case = await self._investigator.settled(case)
        early = None in case.logs.values()
        if early:
            # Nobody knows where the next run's lines begin: read before they come.
            with trio.move_on_after(LOOK_SECS):
                async with self._first:
                    await self._investigator.said(case, notes)
        await trio.sleep(LULL_SECS)
        async with self._later:
            with trio.move_on_after(LOOK_SECS):
                if not early:
                    await self._investigator.said(case, notes)
                await self._investigator.around(case, notes)
            notes.give_up(f"no answer in {LOOK_SECS:g} s")
            await self._keep(case, notes, trio.current_time() + GATHERED_SECS)

    async def retry(self) -> None:
        """Write again what the disk did not take; to be called now and then."""
        for incident, found in list(self._unkept.items()):
            if await self._write(incident, found) is not None:
                return
            self._unkept.pop(incident, None)
        self._problems.clear(PROBLEM)

    async def _keep(self, case: Case, notes: Notes, deadline: float) -> None:
        found = document(case, notes, trio.current_time() - case.at)
        problem = await self._write(case.incident, found, deadline)
        if problem is None:
            if self._unkept:
                await self.retry()
            return
        log.warning(f"{case.service}: no evidence of {case.incident} yet: {problem}")
        self._unkept[case.incident] = found
        while len(self._unkept) > MOST_UNKEPT:
            del self._unkept[next(iter(self._unkept))]
        self._problems.set(
            PROBLEM,
            f"evidence of incidents is not kept: {problem}",
            f"make room or mend it: df -h {self._store.folder}; it is tried again by"
            " itself",
        )

    async def _write(
        self, incident: str, found: EvidenceDocument, deadline: float | None = None
    ) -> str | None:
        """Return why it could not be kept, if so."""
        latest = trio.current_time() + GATHERED_SECS if deadline is None else deadline
        with trio.move_on_at(latest):
            return await trio.to_thread.run_sync(
                self._written,
                incident,
                found,
                abandon_on_cancel=True,
                limiter=self._writing,
            )
        return "the disk has not answered; look at dmesg"

    def _written(self, incident: str, found: EvidenceDocument) -> str | None:
        """Keep it, in a thread; return why that was not possible."""
        try:
            self._store.write(incident, fit(self._investigator.without_secrets(found)))
        except StoreError as error:
            return str(error)
        return None

    def _tell_left_out(self) -> None:
        if self._left_out and not self._waiting:
            log.warning(
                f"no evidence was kept of {self._left_out} incidents, as {MOST_WAITING}"
                " others were being looked at"
            )
            self._left_out = 0

    def _lasted(self, service: str, run: int, now: float) -> float:
        """For how many seconds a run has been up, or was until it ended."""
        known = self._loop.host.services.get(service)
        if known is None:
            return 0.0
        if known.run == run and pid_of(known.life) is not None:
            return now - known.life.at
        return 0.0 if known.exit is None else known.exit.lasted

    def _case(self, service: str, run: int, incident: str, ends: Ends) -> Case:
        now, wall = trio.current_time(), utc_now()
        known = self._loop.host.services.get(service)
        pid = started = end = None
        if known is not None and known.run == run:
            pid, started = pid_of(known.life), known.started
        alive = pid is not None
        spawned = self._spawned.get(service)
        if not alive and spawned is not None and spawned.run == run:
            pid, started = spawned.pid, spawned.started
        if not alive and known is not None:
            end = known.exit
        since = self._settings.get(service, (None, None))[1]
        launch = self._loop.launches.get(service, Launch(argv=()))
        return Case(
            service=service,
            run=run,
            incident=incident,
            at=now,
            wall=wall.timestamp(),
            monotonic=time.monotonic(),
            taken=rfc3339(wall),
            alive=alive,
            pid=pid,
            started=started,
            end=end,
            launch=launch,
            logs=ends,
            journal=self._journal(service),
            lasted=self._lasted(service, run, now),
            settings=None if since is None else now - since,
            samples=sampled(self._investigator.samples(service), now),
        )
