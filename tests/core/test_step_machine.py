"""What must hold whatever happens: ``step`` under arbitrary interleavings of events.

The machine tells what processes do, truly or not, early, late, twice or about runs
long gone, moves time by any amount, lets operators in at any moment, and ends the
daemon in the middle of everything. After each event it checks the promises.
"""

import tomllib
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeGuard, get_args

import msgspec
import tomli_w
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from msgspec.structs import replace

from selfhealingd.core import effects, events, knocking, record, snapshot
from selfhealingd.core.adoption import Survivor, Survivors, missed
from selfhealingd.core.assessment import assess
from selfhealingd.core.breaker import (
    SELF_HEALING_MAIN,
    Breaker,
    By,
    HalfOpen,
    breaker_name,
)
from selfhealingd.core.diagnosis import Action, DelayRestart, NoAction, RestartOnce
from selfhealingd.core.exits import Exit
from selfhealingd.core.host import Host, Service
from selfhealingd.core.incident import Cause
from selfhealingd.core.life import (
    Backoff,
    Exited,
    Fatal,
    Held,
    Life,
    Purpose,
    Running,
    Starting,
    Stopped,
    Stopping,
    Why,
    alive,
    label,
)
from selfhealingd.core.plan import busy
from selfhealingd.core.policy import (
    Autorestart,
    BreakerPolicy,
    Flags,
    Healing,
    Llm,
    Policy,
    Program,
)
from selfhealingd.core.proposal import Proposed
from selfhealingd.core.readiness import Line, Notify, Readiness
from selfhealingd.core.remedy import (
    Hold,
    Reload,
    Restart,
    RestartDependents,
    Run,
    SendSignal,
)
from selfhealingd.core.report import Facts
from selfhealingd.core.step import step, wake_at
from selfhealingd.core.symptom import Symptom
from selfhealingd.core.treatment import looked, unwell
from selfhealingd.core.undertaking import Undertaking, Verb
from selfhealingd.core.words import sentence
from selfhealingd.wire import documents as doc

ROOT = By(0, 1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

breaker_policies = st.builds(
    BreakerPolicy,
    open_after=st.integers(1, 3),
    open_secs=st.just(60.0),
    permanent_after=st.integers(1, 5),
)
ACTIONS: tuple[Action, ...] = (RestartOnce(), Run("clear"), DelayRestart(), Hold())
healings = st.builds(
    Healing,
    backoff_initial=st.sampled_from([0.0, 5.0]),
    verify_secs=st.sampled_from([0.0, 10.0]),
    breaker=breaker_policies,
    ladder=st.sampled_from(
        [
            (Restart(),),
            (SendSignal(1), Restart()),
            (Run("clear"), RestartDependents()),
            (Reload(), Hold()),
        ]
    ),
    llm_actions=st.sampled_from([(), ACTIONS, ACTIONS]),
)
symptoms = st.builds(
    Symptom,
    key=st.sampled_from(["liveness", "rule cpu"]),
    cause=st.sampled_from([Cause.PROBE, Cause.RULE, Cause.PREDICTION]),
    words=st.just("not well"),
    at=st.just(0.0),
    notice_secs=st.sampled_from([0.0, 30.0]),
    ladder=st.sampled_from([(), (), (Hold(),), (Restart(),)]),
)
settings_of_programs = st.fixed_dictionaries(
    {
        "autostart": st.booleans(),
        "starts_on": st.sampled_from([(), (), ("127.0.0.1:80",)]),
        "autorestart": st.sampled_from(Autorestart),
        "startsecs": st.sampled_from([0.0, 1.0]),
        "startretries": st.sampled_from([None, None, 0, 2]),
        "stopwaitsecs": st.sampled_from([0.0, 10.0]),
        "stopasgroup": st.booleans(),
        "killasgroup": st.booleans(),
        "priority": st.integers(1, 3),
        "healing": healings,
        "group": st.sampled_from([None, "all"]),
        "readiness": st.sampled_from([None, None, Readiness(sign=Notify(), within=5)]),
    }
)
policies = st.builds(
    Policy,
    systemic_share=st.sampled_from([0.0, 0.4, 1.0]),
    max_concurrent_remedies=st.sampled_from([0.2, 1.0]),
    max_remedies_per_hour=st.sampled_from([0, 2, 60, 60]),
    main=breaker_policies,
    runbooks=st.sampled_from([{"clear": 5.0}, {"clear": 5.0}, {}]),
    llm=st.sampled_from([Llm.ACT, Llm.ACT, Llm.ADVISE, Llm.OFF]),
)
exits = st.builds(
    Exit,
    at=st.just(0.0),
    code=st.sampled_from([0, 1, None]),
    signal=st.sampled_from([None, None, 9]),
    lasted=st.floats(0, 100),
)
which = st.integers(0, 9)
seconds = st.one_of(
    st.sampled_from([0.0, 0.5, 1.0, 60.0, 3600.0]),
    st.floats(0, 20),
    st.floats(0, 1e5),
)

Settings = dict[str, Any]


def told(effect: effects.Effect) -> TypeGuard[effects.Announcement]:
    """Whether it is an announcement, not a deed."""
    return not isinstance(effect, get_args(effects.Deed))


class Told:
    """What events said of the latest run of a service."""

    def __init__(self, run: int) -> None:
        self.run = run
        self.spawned = False
        self.ready = False
        self.ended = False
        self.over = False


class Interleavings(RuleBasedStateMachine):
    """Everything that can happen, in any order."""

    names: ClassVar[tuple[str, ...]] = ("a", "b", "c")

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.number = 0
        self.policy, self.host = Policy(), Host()
        self.told: dict[str, Told] = {}
        self.wakes: dict[str, float] = {}
        self.doors: dict[str, float] = {}
        self.observed: dict[str, int] = {}
        self.gathers: list[effects.Gather] = []
        self.commands: list[effects.Command] = []
        self.labels: dict[str, str] = {}
        self.opening = b""
        self.journal: list[bytes] = []
        self.decided: list[effects.Effect] = []
        self.begun = True

    @initialize(
        policy=policies, programs=st.lists(settings_of_programs, min_size=1, max_size=3)
    )
    def begin(self, policy: Policy, programs: list[Settings]) -> None:
        declared = {
            name: Program(name=name, **values)
            for name, values in zip(self.names, programs, strict=False)
        }
        self.policy = replace(policy, programs=declared)
        self.host = Host(
            services={
                p.name: Service(name=p.name, life=Stopped(self.now), wanted=p.autostart)
                for p in declared.values()
            },
            seed="here",
        )
        self.labels = dict.fromkeys(declared, "STOPPED")
        self.open_journal()
        self.feed(events.Began(at=self.now))

    # What happens

    @rule(secs=seconds)
    def time_passes(self, secs: float) -> None:
        self.now += secs

    @rule()
    def a_timer_fires(self) -> None:
        if self.wakes:
            name = min(self.wakes, key=self.wakes.__getitem__)
            self.now = max(self.now, self.wakes[name])
            self.fire(name)

    @rule(n=which)
    def a_timer_is_early_or_unasked(self, n: int) -> None:
        self.fire(self.pick(n))

    @rule(n=which, opened=st.booleans())
    def a_client_connects(self, n: int, opened: bool) -> None:  # noqa: FBT001
        """Where one is waited for; then a start is owed, and it comes."""
        doors = [name for name, at in self.doors.items() if at <= self.now]
        if doors:
            name = doors[n % len(doors)]
            del self.doors[name]
            self.knock(name, opened)
            assert self.host.services[name].called or alive(self.life(name))

    @rule(n=which)
    def a_client_is_stale(self, n: int) -> None:
        """News from a watch that had been taken back starts nothing."""
        name = self.pick(n)
        if name not in self.doors:
            before = self.host.services
            self.knock(name, opened=True)
            assert before == self.host.services

    @rule(n=which, well=st.sampled_from([True, True, True, False]), pid=st.just(5))
    def a_spawn_is_answered(self, n: int, well: bool, pid: int) -> None:  # noqa: FBT001
        """True news of one that waits for it."""
        waiting = [x for x, t in self.told.items() if not (t.spawned or t.over)]
        if waiting:
            name = waiting[n % len(waiting)]
            if well:
                self.spawned(name, self.told[name].run, pid)
            else:
                self.spawn_failed(name, self.told[name].run)

    @rule(n=which)
    def a_program_comes_up(self, n: int) -> None:
        """All that it takes to be RUNNING, in one go: by chance it seldom is."""
        waiting = [x for x, t in self.told.items() if not (t.ended or t.over)]
        if waiting:
            name = waiting[n % len(waiting)]
            run = self.told[name].run
            if not self.told[name].spawned:
                self.spawned(name, run, 5)
            self.ready(name, run)
            self.now += 1.0
            self.fire(name)

    @rule(n=which, end=exits, left=st.sampled_from([0, 0, 0, 2]))
    def a_process_ends(self, n: int, end: Exit, left: int) -> None:
        up = [x for x, t in self.told.items() if t.spawned and not t.ended]
        if up:
            name = up[n % len(up)]
            self.exited(name, self.told[name].run, end, left)

    @rule(n=which)
    def a_group_is_gone(self, n: int) -> None:
        left = [x for x, t in self.told.items() if t.ended and not t.over]
        if left:
            name = left[n % len(left)]
            self.emptied(name, self.told[name].run)

    @rule(n=which, lack=st.booleans())
    def a_process_gets_ready_or_not(self, n: int, lack: bool) -> None:  # noqa: FBT001
        up = [x for x, t in self.told.items() if not t.ended]
        if up:
            name = up[n % len(up)]
            if lack:
                self.unready(name, self.told[name].run)
            else:
                self.ready(name, self.told[name].run)

    @rule(n=which, secs=st.sampled_from([0.0, 3.0, 100.0]))
    def a_process_asks_for_more_time(self, n: int, secs: float) -> None:
        up = [x for x, t in self.told.items() if not t.ended]
        if up:
            name = up[n % len(up)]
            self.more_time(name, self.told[name].run, secs)

    @rule(n=which, symptom=symptoms, stale=st.sampled_from([0, 0, 0, 1]))
    def something_is_wrong_with_a_run(
        self, n: int, symptom: Symptom, stale: int
    ) -> None:
        """Most often with one that somebody looks after; or it is over by now."""
        name = [*self.observed, self.pick(n)][n % (len(self.observed) + 1)]
        run = self.observed.get(name, 1) - stale
        told = replace(symptom, at=self.now)
        self.feed(events.Sickened(at=self.now, service=name, run=run, symptom=told))

    @rule(n=which, key=st.sampled_from(["liveness", "rule cpu"]))
    def something_is_well_again(self, n: int, key: str) -> None:
        name = self.pick(n)
        run = self.observed.get(name, 1)
        self.feed(events.Recovered(at=self.now, service=name, run=run, key=key))

    @rule(n=which)
    def evidence_is_kept(self, n: int) -> None:
        if self.gathers:
            gather = self.gathers.pop(n % len(self.gathers))
            self.feed(
                events.Gathered(
                    at=self.now, service=gather.service, incident=gather.incident
                )
            )

    @rule(n=which, problem=st.sampled_from([None, "exited with status 1"]))
    def a_command_ends(self, n: int, problem: str | None) -> None:
        if self.commands:
            command = self.commands.pop(n % len(self.commands))
            self.feed(
                events.CommandEnded(
                    at=self.now,
                    service=command.service,
                    incident=command.incident,
                    attempt=command.attempt,
                    problem=problem,
                )
            )

    @rule(
        n=which,
        action=st.sampled_from([*ACTIONS, NoAction(), Run("none")]),
        digest=st.sampled_from(["d", "d", "d", "e"]),
        stale=st.sampled_from([False, False, False, True]),
    )
    def a_model_advises(
        self,
        n: int,
        action: Action,
        digest: str,
        stale: bool,  # noqa: FBT001
    ) -> None:
        """Most often for an incident that is open; about any service."""
        ill = [x for x, s in self.host.services.items() if s.open_incident]
        name = [*ill, *ill, self.pick(n)][n % (2 * len(ill) + 1)]
        self.advise(name, action, digest=digest, stale=stale)

    @rule(n=which, digest=st.sampled_from(["d", "d", "e"]))
    def a_person_approves(self, n: int, digest: str) -> None:
        """What waits for that, or what does not."""
        found = [
            s.proposal.id
            for s in self.host.services.values()
            if isinstance(s.proposal, Proposed)
        ]
        proposal = [*found, "a1"][n % (len(found) + 1)]
        self.ask(events.ApproveAsked, proposal=proposal, digest=digest)

    @rule(n=which, action=st.sampled_from(ACTIONS))
    def a_model_has_its_way(self, n: int, action: Action) -> None:
        """Advised, approved, and its time has come: by chance that seldom is."""
        ill = [x for x, s in self.host.services.items() if s.open_incident]
        if not ill:
            return
        name = ill[n % len(ill)]
        self.advise(name, action)
        proposal = self.host.services[name].proposal
        if isinstance(proposal, Proposed):
            self.ask(events.ApproveAsked, proposal=proposal.id, digest="d")
        for _ in range(2):
            if name in self.wakes and name in self.host.services:
                self.now = max(self.now, self.wakes[name])
                self.fire(name)

    @rule(n=which)
    def a_person_trusts_the_model(self, n: int) -> None:
        self.ask(events.TrustAsked, service=self.pick(n))

    @rule(n=which, back=st.integers(-1, 2), end=exits, kind=st.integers(0, 6))
    def news_that_is_stale_or_impossible(
        self, n: int, back: int, end: Exit, kind: int
    ) -> None:
        """About any run, in any state of it."""
        name = self.pick(n)
        service = self.host.services.get(name)
        run = (service.run if service else 1) - back
        match kind:
            case 0:
                self.spawned(name, run, 6)
            case 1:
                self.spawn_failed(name, run)
            case 2:
                self.exited(name, run, end, 1)
            case 3:
                self.ready(name, run)
            case 4:
                self.unready(name, run)
            case 5:
                self.more_time(name, run, 3.0)
            case _:
                self.emptied(name, run)

    @rule(n=which, kind=st.integers(0, 3))
    def an_operator_acts(self, n: int, kind: int) -> None:
        kinds = [
            events.StartAsked,
            events.StopAsked,
            events.RestartAsked,
            events.SignalAsked,
        ]
        more = {"signal": 1} if kind == 3 else {}
        self.ask(kinds[kind], service=self.pick(n), **more)

    @rule(n=which, verb=st.sampled_from(Verb), left=st.integers(0, 3))
    def an_operator_begins_something_in_turns(
        self, n: int, verb: Verb, left: int
    ) -> None:
        """Of programs that may be gone; and its course, in any order."""
        names = (*self.host.services, self.pick(n))
        self.feed(
            events.Undertaken(
                at=self.now,
                what=Undertaking(
                    number=n % 2, verb=verb, names=names, left=names[:left], by=ROOT
                ),
            )
        )
        assert all(one.left for one in self.host.undertakings)

    @rule()
    def an_operator_resumes(self) -> None:
        self.ask(events.ResumeAsked, reason="mended")

    @rule(n=which, force=st.booleans())
    def an_operator_resets(self, n: int, force: bool) -> None:  # noqa: FBT001
        main = n == 0
        name = SELF_HEALING_MAIN if main else breaker_name(self.pick(n))
        self.ask(events.ResetAsked, breaker=name, force=force)

    @rule()
    def an_operator_did_something_else(self) -> None:
        before = self.host
        self.ask(events.Acted, action="pause-all", target="tasks")
        assert before.services == self.host.services

    @rule(
        flags=st.builds(
            Flags,
            auto_healing=st.sampled_from([True, True, False]),
            auto_detection=st.sampled_from([True, True, False]),
            preventive_healing=st.booleans(),
        )
    )
    def the_flags_are_read(self, flags: Flags) -> None:
        self.feed(events.FlagsChanged(at=self.now, flags=flags))

    @rule(n=which, values=settings_of_programs)
    def a_program_is_reconfigured(self, n: int, values: Settings) -> None:
        name = self.pick(n)
        if name in self.policy.programs:
            program = Program(name=name, **values)
            self.reconfigure({**self.policy.programs, name: program})

    @rule(n=which)
    def a_program_is_removed(self, n: int) -> None:
        name = self.pick(n)
        rest = {k: v for k, v in self.policy.programs.items() if k != name}
        self.reconfigure(rest)

    @rule(values=settings_of_programs)
    def a_program_is_added(self, values: Settings) -> None:
        if len(self.policy.programs) < 4:
            self.number += 1
            name = f"n{self.number}"
            program = Program(name=name, **values)
            self.reconfigure({**self.policy.programs, name: program})

    @rule(policy=policies)
    def the_engine_is_reconfigured(self, policy: Policy) -> None:
        self.reconfigure(self.policy.programs, policy)

    @precondition(lambda self: self.number % 7 == 6)
    @rule()
    def the_daemon_is_told_to_end(self) -> None:
        self.ask(events.ShutdownAsked)

    @rule(
        away=st.floats(0.1, 1e4),
        clean=st.booleans(),
        boot=st.sampled_from([0, 0, 1]),
        lasting=st.sets(which),
    )
    def the_daemon_comes_back(
        self,
        away: float,
        clean: bool,  # noqa: FBT001
        boot: int,
        lasting: set[int],
    ) -> None:
        """From its state file; some of what ran runs on, but over no boot."""
        fell = clean or bool(boot)
        last = {
            n for i, n in enumerate(self.host.services) if i in lasting and not fell
        }
        anchor = snapshot.Anchor(self.now, NOON)
        file = {
            "engine": snapshot.encode_engine(self.host, anchor),
            "service": {
                name: snapshot.encode_service(s, anchor)
                for name, s in self.host.services.items()
            },
        }
        read = tomllib.loads(tomli_w.dumps(file))
        now = 20.0 if boot else self.now + away
        back = snapshot.Return(
            anchor=snapshot.Anchor(now - away, NOON),
            now=now,
            same_boot=not boot,
            clean=clean,
            survivors={
                name: Survivor(run=news.run, pid=5, started=7, at=now - away)
                for name, news in self.told.items()
                if name in last and not news.ended and not news.over
            },
        )
        before = self.host
        self.host = snapshot.decode(read["engine"], read["service"], self.policy, back)
        self.check_restored(before, fell=fell)
        self.now, self.wakes, self.doors = now, {}, {}
        self.observed, self.commands = {}, []
        if fell:
            self.told = {}
        self.labels = {n: label(s.life) for n, s in self.host.services.items()}
        self.open_journal()
        self.begun = False
        self.take_over(back.survivors, last)
        self.begun = True
        self.feed(events.Began(at=self.now))

    def take_over(self, survivors: Survivors, last: set[str]) -> None:
        """Bring the news that the shell brings before it begins."""
        for name, one in survivors.items():
            readiness = self.policy.programs[name].readiness
            if readiness is not None and isinstance(readiness.sign, Notify | Line):
                self.told[name].ready = True  # nobody was there to hear or read it
            self.spawned(name, one.run, one.pid)
        left = {n: 2 for n, news in self.told.items() if n in last and news.ended}
        for event in missed(self.host, survivors, left, now=self.now):
            if isinstance(event, events.Exited):
                self.exited(event.service, event.run, event.exit, event.left)
            else:
                self.emptied(event.service, event.run)
        for name, news in self.told.items():
            # A spawn that came to nothing is nobody's to report.
            life = self.host.services[name].life
            news.over |= name not in survivors and not alive(life)

    def teardown(self) -> None:
        """The journal, read back, decides and says all of it again."""
        if not self.opening:
            return
        opening = msgspec.json.decode(self.opening, type=record.Opening)
        policy, host = opening.policy, opening.host
        decided: list[effects.Effect] = []
        for line in self.journal:
            event = msgspec.json.decode(line, type=record.Input).event
            host, todo = step(policy, host, event)
            if isinstance(event, events.Reconfigured):
                policy = event.policy
            decided += [x for x in todo if told(x)]
        assert (self.host, self.decided) == (host, decided), "a replay differs"

    # How it is told

    def open_journal(self) -> None:
        self.opening = msgspec.json.encode(
            record.Opening(
                at="",
                seq=0,
                version="0",
                pid=1,
                boot="",
                anchor=snapshot.Anchor(self.now, NOON),
                policy=self.policy,
                host=self.host,
            )
        )
        self.journal, self.decided = [], []

    def pick(self, n: int) -> str:
        known = [*self.host.services, "unknown"]
        return known[n % len(known)]

    def ask(self, kind: type[Any], **values: object) -> None:
        self.number += 1
        event = kind(at=self.now, request=self.number, by=ROOT, **values)
        todo = self.feed(event)
        answers = [x for x in todo if isinstance(x, effects.Answer)]
        assert [self.number] == [answer.request for answer in answers]

    def reconfigure(
        self, programs: dict[str, Program], policy: Policy | None = None
    ) -> None:
        after = replace(policy or self.policy, programs=programs)
        self.feed(events.Reconfigured(at=self.now, policy=after))

    def fire(self, name: str) -> None:
        self.wakes.pop(name, None)
        self.feed(events.Due(at=self.now, service=name))
        assert self.wakes.get(name, self.now + 1) > self.now, "a timer without end"

    def life(self, name: str) -> Life:
        return self.host.services[name].life

    def knock(self, name: str, opened: bool) -> None:  # noqa: FBT001
        self.feed(events.Knocked(at=self.now, service=name, opened=opened))

    def spawned(self, name: str, run: int, pid: int) -> None:
        if (news := self.told_of(name, run)) is not None:
            news.spawned = True
        self.feed(events.Spawned(at=self.now, service=name, run=run, pid=pid))

    def spawn_failed(self, name: str, run: int) -> None:
        if (news := self.told_of(name, run)) is not None:
            news.over = True
        event = events.SpawnFailed(at=self.now, service=name, run=run, problem="no")
        self.feed(event)

    def exited(self, name: str, run: int, end: Exit, left: int) -> None:
        if (news := self.told_of(name, run)) is not None:
            program = self.policy.programs[name]
            news.spawned = news.ended = True
            news.over = news.over or left == 0 or not program.killasgroup
        self.feed(
            events.Exited(
                at=self.now,
                service=name,
                run=run,
                exit=replace(end, at=self.now),
                left=left,
            )
        )

    def emptied(self, name: str, run: int) -> None:
        if (news := self.told_of(name, run)) is not None:
            news.over = news.over or news.ended
        self.feed(events.Emptied(at=self.now, service=name, run=run))

    def ready(self, name: str, run: int) -> None:
        if (news := self.told_of(name, run)) is not None:
            news.ready = True
        self.feed(events.Ready(at=self.now, service=name, run=run))

    def unready(self, name: str, run: int) -> None:
        self.feed(events.Unready(at=self.now, service=name, run=run, lack="no"))

    def more_time(self, name: str, run: int, secs: float) -> None:
        more = events.MoreTimeAsked(at=self.now, service=name, run=run, seconds=secs)
        self.feed(more)

    def told_of(self, name: str, run: int) -> Told | None:
        news = self.told.get(name)
        return news if news is not None and news.run == run else None

    # What must hold

    def feed(self, event: events.Event) -> tuple[effects.Effect, ...]:
        before, frozen = self.host, msgspec.json.encode(self.host)
        after, todo = step(self.policy, before, event)
        assert frozen == msgspec.json.encode(before), "the host that went in changed"
        assert (after, todo) == step(self.policy, before, event), "it is not pure"
        self.host = after
        said = [x for x in todo if told(x)]
        if after is not before or said or isinstance(event, events.Reconfigured):
            line = record.Input(seq=len(self.journal), event=event)
            self.journal.append(msgspec.json.encode(line))
            self.decided += said
        if isinstance(event, events.Reconfigured):
            self.policy = event.policy
        for gone in set(before.services) - set(after.services):
            del self.labels[gone]
            self.told.pop(gone, None)
        for name in set(after.services) - set(before.services):
            self.labels[name] = label(after.services[name].life)
        for effect in todo:
            self.perform(effect)
        self.check_transitions()
        self.check_wakes()
        if self.begun:
            assert self.doors == knocking.watched(self.policy, self.host)
            assert self.observed == {
                name: s.run
                for name, s in after.services.items()
                if isinstance(s.life, Running)
            }
        self.check_breakers(before, event)
        self.check_counters(before)
        for s in after.services.values():
            self.check_service(s)
        self.check_status()
        return todo

    def advise(
        self, name: str, action: Action, *, digest: str = "d", stale: bool = False
    ) -> None:
        s = self.host.services.get(name)
        found = None if s is None or stale else s.incident
        self.feed(
            events.Advised(
                at=self.now,
                service=name,
                incident="other-9" if found is None else found.id,
                action=action,
                digest=digest,
            )
        )

    def perform(self, effect: effects.Effect) -> None:
        match effect:
            case effects.Spawn(service=name, run=run):
                self.check_spawn(name, run)
                self.told[name] = Told(run)
            case effects.Wake() | effects.Listen() | effects.Observe():
                self.attend(effect)
            case effects.Gather():
                self.gathers.append(effect)
            case effects.Command():
                self.commands.append(effect)
            case effects.Finish():
                lives = [s.life for s in self.host.services.values()]
                assert not any(map(alive, lives))
            case effects.Transition(service=name):
                assert self.labels[name] == effect.before, "a transition was not told"
                self.labels[name] = effect.after
                if effect.after == "RUNNING":
                    self.check_ready(name)
            case effects.AttemptBegan(service=name):
                self.check_attempt(self.host.services[name])
            case _:
                pass
        if told(effect):
            assert "None" not in sentence(effect, self.now).words

    def attend(self, effect: effects.Wake | effects.Listen | effects.Observe) -> None:
        match effect:
            case effects.Wake(service=name, at=None):
                self.wakes.pop(name, None)
            case effects.Wake(service=name, at=float(at)):
                self.wakes[name] = at
            case effects.Listen(service=name, at=None):
                self.doors.pop(name, None)
            case effects.Listen(service=name, at=float(at)):
                self.doors[name] = at
            case effects.Observe(service=name, pid=None):
                self.observed.pop(name, None)
            case effects.Observe(service=name, run=run):
                self.observed[name] = run

    def check_spawn(self, name: str, run: int) -> None:
        earlier = self.told.get(name)
        assert earlier is None or earlier.over, "two live runs of one service"
        assert earlier is None or earlier.run + 1 == run
        assert not self.host.shutting_down, "a start during a shutdown"
        assert self.host.services[name].wanted, "a start of what nobody wants"

    def check_attempt(self, s: Service) -> None:
        assert self.host.flags.auto_healing
        assert not self.host.dormant
        assert not s.breaker.permanent
        assert s.open_incident is not None
        running = isinstance(s.life, Starting | Running | Stopping)
        assert running or (s.attempt is not None and s.attempt.command)

    def check_ready(self, name: str) -> None:
        gated = self.policy.programs[name].readiness is not None
        assert self.told[name].ready or not gated, "RUNNING before it is ready"

    def check_transitions(self) -> None:
        actual = {n: label(s.life) for n, s in self.host.services.items()}
        assert actual == self.labels, "a state changed without a word"

    def check_wakes(self) -> None:
        services = self.host.services
        wanted = {n: wake_at(self.policy, self.host, n) for n in services}
        asked = {n: at for n, at in wanted.items() if at is not None}
        assert asked == self.wakes or not self.begun
        for name in self.wakes:
            s = services[name]
            match s.life:
                case Starting(pid=None) | Running():
                    owner = s.attempt or s.open_incident or s.breaker.failures
                    assert owner, "a timer without an owner"
                case Backoff(until=None) if s.attempt is not None and s.attempt.command:
                    pass
                case Backoff(until=None) | Stopped() | Exited() | Fatal():
                    raise AssertionError("a timer without an owner", s)
                case _:
                    pass

    def check_breakers(self, before: Host, event: events.Event) -> None:
        resumed = isinstance(event, events.ResumeAsked) or (
            isinstance(event, events.ResetAsked)
            and event.force
            and event.breaker == SELF_HEALING_MAIN
        )
        pairs = [(SELF_HEALING_MAIN, before.main, self.host.main)]
        for name, s in before.services.items():
            if name in self.host.services:
                after = self.host.services[name].breaker
                pairs.append((breaker_name(name), s.breaker, after))
        for name, was, now in pairs:
            assert now.generation >= was.generation
            if was.permanent and not now.permanent:
                by_reset = (
                    isinstance(event, events.ResetAsked)
                    and event.force
                    and event.breaker == name
                )
                with_main = before.main.permanent and was.change == before.main.change
                assert by_reset or (resumed and with_main)

    def check_counters(self, before: Host) -> None:
        was, now = before.counters, self.host.counters
        assert 0 <= now.healed + now.failed <= now.attempts
        assert min(now.healed, now.failed, now.incidents) >= 0
        assert (was.attempts, was.healed, was.failed, was.incidents) <= (
            now.attempts,
            now.healed,
            now.failed,
            now.incidents,
        )

    def check_service(self, s: Service) -> None:
        if s.attempt is not None:
            moves = alive(s.life) or s.attempt.command
            assert moves or self.host.shutting_down
        if s.proposal is not None:
            assert s.open_incident is not None, "a proposal for what is over"
            assert s.proposal.incident == s.open_incident.id
        if isinstance(s.breaker.state, HalfOpen):
            assert s.attempt is not None, "a leaked half-open try"
            assert s.attempt.ticket == s.breaker.generation
        if not s.wanted:
            assert isinstance(s.life, Stopped) or (
                isinstance(s.life, Stopping) and s.life.purpose is Purpose.STAY
            )
        elif not self.host.shutting_down and self.begun:
            self.check_ill(s)
            assert self.remembered(s), "a wanted program is forgotten"
            stopped = self.host.dormant or not self.host.flags.auto_healing
            assert not (stopped and isinstance(s.life, Backoff)), "it isn't held"

    def check_ill(self, s: Service) -> None:
        """What is ill is being healed, is verified, or waits for something."""
        leading = looked(self.host, s).leading
        if not isinstance(s.life, Running) or leading is None:
            return
        if s.breaker.permanent or s.attempt is not None:
            return
        found = s.open_incident
        assert found is not None, "what is ill is forgotten"
        if found.waiting is None:
            assert not unwell(s), "what is ill waits for nothing"
            return
        match found.waiting.why, found.waiting.held:
            case None, held:
                assert held is not None
                return
            case Why.TURN, _:
                others = (o for o in self.host.services.values() if o is not s)
                assert any(o.attempt or not isinstance(o.life, Running) for o in others)
                return
            case Why.DEPENDENCY, _:
                raise AssertionError("nothing depends on anything here")
            case Why.BUDGET, _ if found.waiting.until is None:
                assert self.policy.max_remedies_per_hour == 0
                return
            case _:
                assert s.name in self.wakes, "a wait without an end"

    def remembered(self, s: Service) -> bool:
        host = self.host
        match s.life:
            case Backoff(why=Why.TURN):
                return any(map(busy, host.services.values()))
            case Backoff(why=Why.BUDGET, until=None):
                return self.policy.max_remedies_per_hour == 0
            case Backoff():
                return s.name in self.wakes
            case Exited(held=Held.DORMANT):
                return host.dormant
            case Exited(held=Held.SWITCHED_OFF):
                return not host.flags.auto_healing
            case Stopped():
                return s.name in self.doors
            case Exited():
                return True
            case Fatal():
                return s.breaker.permanent
            case _:
                return alive(s.life)

    def check_status(self) -> None:
        facts = Facts(
            now=self.now,
            anchor=snapshot.Anchor(self.now, NOON),
            flags=doc.FlagsDocument(file="flags.env", values={}),
            version="0",
            pid=1,
            uptime=1,
        )
        status = assess(self.policy, self.host, facts)
        assert len(status.issues) == len(status.recommendations)
        assert ("healthy" == status.status) == (not status.issues)
        assert self.host.dormant == ("critical" == status.status)
        for line in (*status.issues, *status.recommendations):
            assert "None" not in line
        for program in status.programs:
            assert "None" not in (program.next or "")
        msgspec.json.encode(status)

    def check_restored(self, before: Host, *, fell: bool) -> None:
        assert before.counters == self.host.counters
        assert before.dormant == self.host.dormant
        if isinstance(self.host.main.state, HalfOpen):
            tries = [s.attempt for s in self.host.services.values() if s.attempt]
            lease = self.host.main.generation
            assert lease in {attempt.main_ticket for attempt in tries}
        assert list(self.policy.programs) == list(self.host.services)
        for name, s in self.host.services.items():
            was: Breaker = before.services[name].breaker
            assert was.failures == s.breaker.failures
            assert was.permanent == s.breaker.permanent
            assert before.services[name].wanted == s.wanted
            assert before.services[name].run == s.run
            assert alive(s.life) or s.attempt is None
            assert not (fell and alive(s.life))


Interleavings.TestCase.settings = settings(
    max_examples=300,
    stateful_step_count=60,
    suppress_health_check=list(HealthCheck),
)
TestInterleavings = Interleavings.TestCase
