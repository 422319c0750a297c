"""What the operator allowed and asked for, as the core needs to know it.

Durations are seconds. Nothing here is state: a reload replaces a policy as a whole.
"""

from enum import Enum
from functools import cached_property

import msgspec

from selfhealingd.core.diagnosis import Action
from selfhealingd.core.graph import Condition, dependents
from selfhealingd.core.quiet import Quiet
from selfhealingd.core.readiness import Readiness
from selfhealingd.core.remedy import DEFAULT_LADDER, Ladder


class Kind(Enum):
    """Whose the process of a service is: ours, or only watched."""

    PROGRAM = "program"
    WATCH = "watch"


class Autorestart(Enum):
    """When a program that ended by itself is started again."""

    ALWAYS = "always"
    UNEXPECTED = "unexpected"
    NEVER = "never"


class Preventive(Enum):
    """What is done about a failure that is only predicted."""

    OFF = "off"
    ADVISE = "advise"
    ACT = "act"


class Llm(Enum):
    """How far a model's advice goes."""

    OFF = "off"
    ADVISE = "advise"
    ACT = "act"


class BreakerPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When a breaker opens, and for how long."""

    open_after: int = 5
    open_secs: float = 60.0
    permanent_after: int = 10


class Healing(msgspec.Struct, frozen=True, kw_only=True):
    """How one service is healed.

    ``ladder``: what is tried while it is up, but not well; one that is down is started.
    ``quiet``: when what is not urgent may be done; empty for any time.
    ``llm_actions``: what a model may do by itself, where it may act at all.
    """

    backoff_initial: float = 5.0
    backoff_max: float = 600.0
    verify_secs: float = 10.0
    breaker: BreakerPolicy = BreakerPolicy()
    ladder: Ladder = DEFAULT_LADDER
    preventive: Preventive = Preventive.ADVISE
    quiet: Quiet = ()
    llm_actions: tuple[Action, ...] = ()


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """What the core knows of one service: how it should live, not what it runs.

    ``kind`` WATCH: its process is not ours; others start and stop it as well.
    ``startwaitsecs``: how long whoever starts it may take until there is a process.
    ``copy_of``: the name in the config where ``numprocs`` makes several of one.
    ``starts_on``: where the first connection starts it; empty if it waits for none.
    ``depends_on``: programs that have to be so far before it may start. ``essential``:
    when it ends for good, so does the daemon. ``readiness``: what it has to show to be
    RUNNING, besides being up for ``startsecs``; None: nothing. ``asked_later``: whether
    it is ready is asked only once it is RUNNING.
    """

    name: str
    kind: Kind = Kind.PROGRAM
    autostart: bool = True
    starts_on: tuple[str, ...] = ()
    autorestart: Autorestart = Autorestart.UNEXPECTED
    exitcodes: frozenset[int] = frozenset({0})
    startsecs: float = 1.0
    startwaitsecs: float = 0.0
    startretries: int | None = None
    stopsignal: int = 15
    stopwaitsecs: float = 10.0
    stopasgroup: bool = True
    killasgroup: bool = True
    priority: int = 999
    group: str | None = None
    copy_of: str | None = None
    depends_on: dict[str, Condition] = {}
    essential: bool = False
    healing: Healing = Healing()
    readiness: Readiness | None = None
    asked_later: bool = False

    @property
    def longest_start(self) -> float:
        """Seconds after which a start has led to RUNNING, or failed."""
        within = self.readiness.within if self.readiness is not None else 0.0
        return self.startwaitsecs + max(self.startsecs, within)

    @property
    def groups(self) -> tuple[str, ...]:
        """The names by which it is meant together with others."""
        names = dict.fromkeys((self.group, self.copy_of))
        return tuple(name for name in names if name is not None)


class Policy(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All that ``step`` is allowed to decide by.

    ``max_concurrent_remedies`` and ``systemic_share`` are shares (0 to 1) of the
    services that are supervised. ``runbooks``: how long each may take, in seconds.
    ``llm``: how far the advice of a model goes.
    """

    programs: dict[str, Program] = {}
    systemic_share: float = 0.4
    max_concurrent_remedies: float = 0.2
    max_remedies_per_hour: int = 60
    main: BreakerPolicy = BreakerPolicy()
    runbooks: dict[str, float] = {}
    llm: Llm = Llm.ADVISE

    @cached_property
    def graph(self) -> dict[str, dict[str, Condition]]:
        """What each program depends on, those left out that depend on nothing."""
        programs = self.programs.values()
        return {p.name: p.depends_on for p in programs if p.depends_on}

    @cached_property
    def dependents(self) -> dict[str, tuple[str, ...]]:
        """Who depends directly on each program."""
        return dependents(self.graph)

    @cached_property
    def on_connection(self) -> tuple[str, ...]:
        """The programs that a client's connection starts: few, so looked at often."""
        return tuple(p.name for p in self.programs.values() if p.starts_on)

    @property
    def dormant_after(self) -> int:
        """Consecutive failed healings after which the engine goes dormant."""
        return self.main.permanent_after


class Flags(msgspec.Struct, frozen=True, kw_only=True):
    """The feature switches of the flag file; all are on by default."""

    auto_healing: bool = True
    auto_detection: bool = True
    preventive_healing: bool = True
    process_monitoring: bool = True
    llm_diagnosis: bool = True
