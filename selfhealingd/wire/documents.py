"""What the daemon answers. Keys are camelCase, as operators' scripts read them.

The names and meanings of ``selfHealing``, ``circuitBreakers``, ``backgroundTasks``,
``llm``, ``issues`` and ``recommendations`` are promised to operators: add, never
rename. Times are UTC in RFC 3339; a field that ends in Delay or Ms is milliseconds,
others that hold a duration are seconds and say so.
"""

import msgspec


class Document(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of all answers."""


class SelfHealing(Document, frozen=True):
    """The engine. ``backoff_delay``: the longest in force, in milliseconds."""

    enabled: bool
    is_dormant: bool
    dormant_reason: str | None
    consecutive_failures: int
    backoff_delay: int
    total_attempts: int
    successful_healings: int
    failed_healings: int


class BreakerDocument(Document, frozen=True):
    """One breaker. ``changed_by`` is ``uid 0, pid 123`` where a person changed it."""

    name: str
    state: str
    failure_count: int
    permanent_open_reason: str | None = None
    open_until: str | None = None
    changed_at: str | None = None
    change_reason: str | None = None
    changed_by: str | None = None


class TaskDocument(Document, frozen=True):
    """One periodic task. ``every`` and ``last_seconds`` are seconds.

    ``failing``: its latest run failed; ``last_error`` may be of an earlier one.
    """

    id: str
    owner: str
    every: float
    state: str
    runs: int = 0
    failures: int = 0
    failing: bool = False
    last_started: str | None = None
    last_seconds: float | None = None
    last_error: str | None = None
    next_run: str | None = None


class BackgroundTasks(Document, frozen=True):
    """The registry: ``active_tasks`` are those that are not paused."""

    total_tasks: int
    active_tasks: int
    tasks: tuple[TaskDocument, ...]


class KeyManagement(Document, frozen=True):
    """Keys for a model's endpoint."""

    total_keys: int = 0
    active_keys: int = 0
    failed_keys: int = 0
    cooling_keys: int = 0


class ApprovalDocument(Document, frozen=True):
    """What a model proposes and a person may approve until ``until``, by ``do``."""

    id: str
    service: str
    incident: str
    action: str
    until: str
    do: str


class Llm(Document, frozen=True):
    """Diagnosis by a model.

    ``approvals``: what waits for one. ``demoted``: services on which it acted in vain,
    so that it only advises.
    """

    key_management: KeyManagement = KeyManagement()
    approvals: tuple[ApprovalDocument, ...] = ()
    demoted: tuple[str, ...] = ()


class SymptomDocument(Document, frozen=True):
    """What is seen to be wrong with a service that is up."""

    key: str
    cause: str
    words: str
    since: str


class ProbeDocument(Document, frozen=True):
    """What a program that is up is asked, and what came of it.

    ``name`` is "liveness" or "readiness", ``asks`` is what it is asked, in words.
    ``answer``: the latest: "ok", "failed", "unknown" (it could not be asked, which
    counts neither way), or None before the first; ``since``: when it first was that.
    ``failing``: so many in a row have failed that something is done about it.
    """

    name: str
    asks: str
    answer: str | None = None
    words: str | None = None
    since: str | None = None
    failing: bool = False


class ProgramDocument(Document, frozen=True):
    """One program at a glance.

    ``copy_of``: the name in the config where ``numprocs`` makes several of one; like
    ``group``, it stands for all of them.
    ``exit``: how the last run ended, in words; where the engine ended it, why.
    ``next``: what the engine will do and when, in words. ``next_at``: that time, where
    there is one. ``uptime``: seconds.
    ``cpu``: percent of one core, ``memory``: resident bytes, both of its main process,
    as last measured; None where that isn't known.
    ``pending_update``: changed settings wait for an update; ``removed``: the update
    will stop it. ``log``: the files that it writes to. ``status_text``: what it says
    of itself, by ``STATUS=`` of sd_notify(3). ``symptoms``: what is wrong with it
    while it is up, and that it keeps failing (key ``flapping``); ``healed_lately``: how
    many of its incidents were healed within the last 10 minutes. ``not_ready``: it is
    RUNNING, but what depends on it as ready waits, and why.
    """

    name: str
    group: str | None
    state: str
    pid: int | None
    since: str
    uptime: float | None
    exit: str | None
    next: str | None
    next_at: str | None
    breaker: str
    wanted: bool
    runs: int
    consecutive_failures: int
    incident: str | None
    cpu: float | None = None
    memory: int | None = None
    copy_of: str | None = None
    pending_update: bool = False
    removed: bool = False
    log: str | None = None
    status_text: str | None = None
    symptoms: tuple[SymptomDocument, ...] = ()
    not_ready: str | None = None
    probes: tuple[ProbeDocument, ...] = ()
    healed_lately: int = 0


class AttemptDocument(Document, frozen=True):
    """One remedy carried out; ``result`` is None while it is under way.

    ``advised``: a model proposed it; told only where that is so.
    """

    remedy: str
    started: str
    ended: str | None = None
    result: str | None = None
    detail: str | None = None
    advised: bool | msgspec.UnsetType = msgspec.UNSET


class IncidentDocument(Document, frozen=True):
    """One service, one cause. ``outcome`` is None while it is open.

    ``log``: the files that the program writes to now; the journal has none.
    """

    id: str
    service: str
    cause: str
    detail: str
    opened: str
    ended: str | None = None
    outcome: str | None = None
    attempts: tuple[AttemptDocument, ...] = ()
    log: str | msgspec.UnsetType | None = msgspec.UNSET


class RunbookDocument(Document, frozen=True):
    """A command of the operator's that may heal. ``timeout`` in seconds.

    ``services``: those whose own ladder, or whose default one, names it.
    """

    name: str
    command: str
    timeout: float
    services: tuple[str, ...] = ()


class HookDocument(Document, frozen=True):
    """Who is told of what, and how that goes; counted by this daemon.

    ``to``: a command, an address or services by their names, without what is secret.
    ``kind``: the only one that is meant, None for any; ``services``: None for all.
    ``told``, ``failed``: how often it was carried out, and how that ended. ``lost``:
    events that it was never told of. ``row``: failures since it last worked.
    """

    name: str
    to: str
    kind: str | None
    level: str
    services: tuple[str, ...] | None
    waiting: int = 0
    told: int = 0
    failed: int = 0
    lost: int = 0
    row: int = 0
    problem: str | None = None
    last: str | None = None


class ForecastDocument(Document, frozen=True):
    """One value that has a limit, and when it will be there if that is foreseen.

    ``service`` None: of the host. ``unit``: ``bytes`` or ``count``. ``looked``,
    ``left``, ``earliest`` and ``latest`` are seconds; ``per_hour`` is how much more in
    an hour; ``confidence`` is from 0 to 1. ``told``: there is a warning in status.
    ``age``: seconds since ``value`` was measured.
    """

    service: str | None
    what: str
    unit: str
    value: float
    limit: float
    limit_by: str
    looked: float
    words: str
    told: bool = False
    age: float = 0.0
    per_hour: float | None = None
    left: float | None = None
    earliest: float | None = None
    latest: float | None = None
    confidence: float | None = None


class FlagsDocument(Document, frozen=True):
    """The flag file: values in force, and why the file was refused if it was."""

    file: str
    values: dict[str, bool]
    loaded_at: str | None = None
    error: str | None = None


class Status(Document, frozen=True):
    """The whole truth in one document."""

    status: str
    self_healing: SelfHealing
    circuit_breakers: tuple[BreakerDocument, ...]
    background_tasks: BackgroundTasks
    llm: Llm
    issues: tuple[str, ...]
    recommendations: tuple[str, ...]
    programs: tuple[ProgramDocument, ...]
    watches: tuple[ProgramDocument, ...]
    incidents: tuple[IncidentDocument, ...]
    flags: FlagsDocument
    version: str
    pid: int
    uptime: float


class EventDocument(Document, frozen=True):
    """Notification ``event``: one thing that happened, as journal and follow show it.

    ``kind`` is dotted (``service.transition``, ``incident.opened``); ``component`` is
    the log's; ``words`` is the sentence for a person; ``data`` depends on the kind.
    """

    at: str
    seq: int
    kind: str
    component: str
    service: str | None
    words: str
    level: str = "info"
    data: dict[str, msgspec.Raw] = {}


class PidDocument(Document, frozen=True):
    """The pid of a running program; None when it has none."""

    name: str
    pid: int | None


class Version(Document, frozen=True):
    """Who answers."""

    name: str
    version: str
    pid: int
    python: str


class ReloadReport(Document, frozen=True):
    """What a reload did. ``pending`` waits for ``selfhealctl update``."""

    ok: bool
    words: str
    applied: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
