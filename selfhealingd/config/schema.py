"""Which tables and keys there are.

None as a default means that the default comes from elsewhere: from the places of this
user, from ``[healing]``, or that there simply is none.
"""

from collections.abc import Callable
from typing import Annotated, TypeAlias, TypeVar

import msgspec

from selfhealingd.config.mistakes import Spot
from selfhealingd.config.readers import (
    Address,
    Addresses,
    Amount,
    Backups,
    Boolean,
    Certificate,
    Checksum,
    Command,
    Count,
    Duration,
    Endpoint,
    Environment,
    Every,
    Exitcodes,
    HandedAs,
    Headers,
    Ladder,
    Listen,
    LlmActions,
    LlmMode,
    LogFormat,
    LogLevel,
    Loudness,
    Members,
    Method,
    Needs,
    Octal,
    Orphans,
    OwnCommand,
    PathText,
    Pattern,
    Positive,
    Prevent,
    Priority,
    Reload,
    Retries,
    Rlimits,
    Share,
    Signal,
    Size,
    SocketType,
    StartWhen,
    Statuses,
    Strings,
    Style,
    Text,
    TextOrFile,
    Tokens,
    UnitName,
    WebAddress,
    When,
    Windows,
)
from selfhealingd.config.rules import HostRules, Level, Rules
from selfhealingd.config.table import Nested, Wrong, read_table
from selfhealingd.core.listening import SocketAs
from selfhealingd.core.output import BACKUPS, MAX_BYTES
from selfhealingd.core.policy import Autorestart


class DaemonTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[daemon]``: the daemon's own places and manners."""

    state_dir: PathText | None = None
    runtime_dir: PathText | None = None
    log_dir: PathText | None = None
    flags_file: PathText | None = None
    include: Strings | None = None
    sample_interval: Positive = 5.0
    log_level: LogLevel = "info"
    log_format: LogFormat = "console"
    orphans: Orphans = "keep"
    tasks_caution: Count = 6
    tasks_overload: Count = 11


class ControlTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[control]``: the socket, and who may use it for what."""

    socket: PathText | None = None
    mode: Octal = 0o660
    group: Text | None = None
    operators: Strings | None = None


class ServiceHealingTable(msgspec.Struct, frozen=True, kw_only=True):
    """``healing`` of one program: what it leaves out comes from ``[healing]``."""

    backoff_initial: Positive | None = None
    backoff_max: Positive | None = None
    verify_secs: Positive | None = None
    open_after: Count | None = None
    open_secs: Positive | None = None
    permanent_after: Count | None = None
    ladder: Ladder | None = None
    preventive: Prevent | None = None
    quiet: Windows | None = None


class HealingTable(ServiceHealingTable, frozen=True, kw_only=True):
    """``[healing]``: for every service, and for the engine as a whole."""

    dormant_after: Count = 10
    systemic_share: Share = 0.4
    max_concurrent_remedies: Share = 0.2
    max_remedies_per_hour: Count = 60
    max_drills_per_hour: Count = 4
    max_drill_pressure: Share = 0.5


class OwnHealingTable(ServiceHealingTable, frozen=True, kw_only=True):
    """``healing`` of one program, with what is said of each by itself alone."""

    llm_actions: LlmActions = ()


def read_service_healing(raw: object, spot: Spot) -> OwnHealingTable:
    """Read the ``healing`` table of one program."""
    engine = set(HealingTable.__struct_fields__) - set(
        ServiceHealingTable.__struct_fields__
    )
    elsewhere = dict.fromkeys(
        engine, "it concerns all services and stands in [healing]"
    )
    table, wrong = read_table(OwnHealingTable, raw, spot, elsewhere)
    if table is None or wrong:
        raise Wrong
    return table


class AskTable(msgspec.Struct, frozen=True, kw_only=True):
    """What a program can be asked; one of ``http``, ``tcp``, ``unix`` and ``exec``."""

    http: WebAddress | None = None
    socket: PathText | None = None
    method: Method = "GET"
    headers: Headers = ()
    status: Statuses = ((200, 399),)
    body: Pattern | None = None
    tcp: Address | None = None
    unix: PathText | None = None
    exec: OwnCommand = ()
    tls: Boolean = False
    verify: Boolean = False
    ca_file: PathText | None = None
    server_name: Text | None = None
    send: Text | None = None
    expect: Pattern | None = None
    period: Positive | None = None
    timeout: Positive | None = None


class StartupTable(AskTable, frozen=True, kw_only=True):
    """``[program.NAME.startup]``: what makes it RUNNING; one of the signs."""

    notify: Boolean = False
    log: Pattern | None = None
    within: Positive = 60.0


class ReadinessTable(StartupTable, frozen=True, kw_only=True):
    """``[program.NAME.readiness]``: likewise, and whether it is ready from then on."""

    failure_threshold: Count | None = None
    success_threshold: Count | None = None


class LivenessTable(AskTable, frozen=True, kw_only=True):
    """``[program.NAME.liveness]``: whether what runs is well; one of its kinds."""

    heartbeat: Positive | None = None
    log: Pattern | None = None
    silence: Positive | None = None
    failure_threshold: Count | None = None
    success_threshold: Count | None = None
    ladder: Ladder | None = None


ProbeTable = TypeVar("ProbeTable", bound=AskTable)

_WITHIN = "a start may take as long as within says"
_ELSEWHERE: dict[type[AskTable], dict[str, str]] = {
    StartupTable: {"failure_threshold": _WITHIN, "success_threshold": _WITHIN},
}


def read_probe(kind: type[ProbeTable]) -> Callable[[object, Spot], ProbeTable]:
    """Return a reader of one kind of a probe's table."""

    def read(raw: object, spot: Spot) -> ProbeTable:
        table, wrong = read_table(kind, raw, spot, _ELSEWHERE.get(kind))
        if table is None or wrong:
            raise Wrong
        return table

    return read


Startup: TypeAlias = Annotated[StartupTable, Nested(read_probe(StartupTable))]
Readiness: TypeAlias = Annotated[ReadinessTable, Nested(read_probe(ReadinessTable))]
Liveness: TypeAlias = Annotated[LivenessTable, Nested(read_probe(LivenessTable))]


class CommandTable(msgspec.Struct, frozen=True, kw_only=True):
    """What programs and tasks have in common."""

    command: Command = ()
    environment: Environment = {}
    directory: PathText | None = None
    user: Text | None = None


class GroupTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[group.NAME]``: programs that are named together, as ``NAME:*``."""

    programs: Members = ()


class ProgramTable(CommandTable, frozen=True, kw_only=True):
    """``[program.NAME]``: the defaults are supervisord's, where it has them."""

    autostart: StartWhen = True
    autorestart: When = Autorestart.UNEXPECTED
    exitcodes: Exitcodes = frozenset({0})
    startsecs: Duration = 1.0
    startretries: Retries | None = None
    stopsignal: Signal = 15
    stopwaitsecs: Duration = 10.0
    stopasgroup: Boolean = True
    killasgroup: Boolean = True
    priority: Priority = 999
    depends_on: Needs = {}
    essential: Boolean = False
    reload: Reload | None = None
    drills: Boolean = False
    umask: Octal | None = None
    rlimits: Rlimits = {}
    sockets: Strings = ()
    socket_as: HandedAs = SocketAs.LISTEN_FDS
    stdout_logfile: PathText = "AUTO"
    stdout_logfile_maxbytes: Size = MAX_BYTES
    stdout_logfile_maxage: Duration = 0.0
    stdout_logfile_backups: Backups = BACKUPS
    stdout_logfile_compress: Boolean = False
    stderr_logfile: PathText = "AUTO"
    stderr_logfile_maxbytes: Size = MAX_BYTES
    stderr_logfile_maxage: Duration = 0.0
    stderr_logfile_backups: Backups = BACKUPS
    stderr_logfile_compress: Boolean = False
    redirect_stderr: Boolean = False
    healing: Annotated[OwnHealingTable, Nested(read_service_healing)] = (
        OwnHealingTable()
    )
    startup: Startup | None = None
    readiness: Readiness | None = None
    liveness: Liveness | None = None
    rules: Rules = ()


class LlmTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[llm]``: diagnosis by a model, where there are keys for it."""

    mode: LlmMode = "advise"
    model: Text = "claude-haiku-5-5"
    endpoint: Endpoint = "https://api.anthropic.com"
    timeout: Positive = 30.0
    key_file: PathText | None = None
    calls_per_hour: Count = 6
    tokens_per_day: Tokens = 200_000
    price_input: Amount | None = None
    price_output: Amount | None = None
    cost_per_day: Amount | None = None


class WebTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[web]``: the daemon over HTTP, where there is such a table."""

    listen: Address = ("127.0.0.1", 3001)
    certfile: PathText | None = None
    keyfile: PathText | None = None
    insecure: Boolean = False
    token_file: PathText | None = None
    token_to_read: Boolean | None = None
    hosts: Strings | None = None


class HostTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[host]``: what is watched of the machine itself."""

    rules: HostRules = ()


class WatchTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[watch.NAME]``: what others run; one of the first three says what it is."""

    systemd: UnitName | None = None
    pidfile: PathText | None = None
    match: Pattern | None = None
    start: OwnCommand | None = None
    stop: OwnCommand | None = None
    restart: OwnCommand | None = None
    reload: Reload | None = None
    drills: Boolean = False
    environment: Environment = {}
    directory: PathText | None = None
    user: Text | None = None
    autostart: Boolean = True
    exitcodes: Exitcodes = frozenset()
    startsecs: Duration = 1.0
    startwaitsecs: Positive = 30.0
    startretries: Retries | None = None
    stopsignal: Signal = 15
    stopwaitsecs: Duration = 30.0
    priority: Priority = 999
    depends_on: Needs = {}
    healing: Annotated[OwnHealingTable, Nested(read_service_healing)] = (
        OwnHealingTable()
    )
    rules: Rules = ()
    liveness: Liveness | None = None


class CheckTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[check.NAME]``: a file, a folder or a certificate, one of the first three."""

    file: PathText | None = None
    folder: PathText | None = None
    certificate: Certificate | None = None
    exists: Boolean = True
    max_age: Positive | None = None
    min_size: Size | None = None
    max_size: Size | None = None
    max_entries: Retries | None = None
    checksum: Checksum | None = None
    expires_within: Positive | None = None
    every: Positive | None = None
    service: Text | None = None
    remedy: Ladder | None = None
    level: Level = "warning"


class SocketTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[socket.NAME]``: a socket that the daemon opens and hands to programs."""

    listen: Listen = ""
    type: SocketType = "stream"
    backlog: Count | None = None
    mode: Octal | None = None
    user: Text | None = None
    group: Text | None = None
    reuse_port: Boolean = False


class RunbookTable(CommandTable, frozen=True, kw_only=True):
    """``[runbook.NAME]``: a command that may heal, as a ladder's ``run NAME``."""

    timeout: Positive = 60.0


class HookTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[on.EVENT]``: a command, a webhook, people, or all, that are told of events."""

    command: OwnCommand | None = None
    webhook: TextOrFile | None = None
    notify: Addresses | None = None
    services: Strings | None = None
    level: Loudness = "debug"
    timeout: Positive = 10.0
    environment: Environment = {}
    directory: PathText | None = None
    user: Text | None = None
    headers: Headers = ()
    secret: TextOrFile | None = None
    ca_file: PathText | None = None
    style: Style = "event"


class TaskTable(CommandTable, frozen=True, kw_only=True):
    """``[tasks.NAME]``: a command that is run again and again.

    ``timeout`` is as long as ``every``, when it is left out; ``jitter`` is a share of
    ``every``.
    """

    every: Every = 0.0
    timeout: Positive | None = None
    jitter: Share = 0.1
