"""From the tables of programs and tasks to what core and supervise work with."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from selfhealingd.config.accounts import Unknown, credentials, user
from selfhealingd.config.healing import merge_healing
from selfhealingd.config.ladder import check_ladder
from selfhealingd.config.mistakes import Spot
from selfhealingd.config.output import read_output
from selfhealingd.config.probes import Reach, liveness_of
from selfhealingd.config.readiness import signs_of
from selfhealingd.config.rules import check_rules
from selfhealingd.config.schema import (
    CommandTable,
    ProgramTable,
    RunbookTable,
    ServiceHealingTable,
    TaskTable,
)
from selfhealingd.config.settings import ReloadBy, Runbook, Task
from selfhealingd.config.sockets import hand_down
from selfhealingd.config.table import read_table
from selfhealingd.core.launch import Credentials, Launch, notify_socket
from selfhealingd.core.listening import Listening
from selfhealingd.core.output import logs
from selfhealingd.core.policy import Healing, Program
from selfhealingd.core.probe import NONE, Heartbeat, Probe, Probes
from selfhealingd.core.rules.rule import Rule

RELOAD_SECS = 60.0
"""How long a command that reloads a service may take."""

_HEALING_KEYS = dict.fromkeys(
    ServiceHealingTable.__struct_fields__, 'it belongs in "healing" of this program'
)


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the programs' tables rely on, but don't say themselves.

    ``sockets`` by name: None for one that is there, and wrong. ``runbooks``: the names
    of all that are written, wrong ones among them. ``interval``: from one sample to the
    next.
    """

    uid: int
    log_dir: Path
    runtime_dir: Path
    healing: Healing
    sockets: Mapping[str, Listening | None] = {}
    runbooks: frozenset[str] = frozenset()
    interval: float = 5.0


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What a program's table says."""

    program: Program
    launch: Launch
    reload: ReloadBy | None = None
    rules: tuple[Rule, ...] = ()
    probes: Probes = NONE


def read_program(
    name: str, raw: object, spot: Spot, around: Surroundings
) -> Read | None:
    """Return how a program lives and what it runs; None when its table is unusable.

    Mistakes are noted at ``spot``. ``directory`` and a command's program with a slash
    in it are relative to the config file's folder, log files to ``log_dir``. A program
    without a slash is searched in its PATH whenever it starts.
    """
    table, wrong = read_table(ProgramTable, raw, spot, _HEALING_KEYS)
    if table is None:
        return None
    if not wrong & {"stopasgroup", "killasgroup"}:
        _check_group_stop(table, spot)
    stdout, stderr = read_output(table, name, spot, around.log_dir)
    reach = Reach(
        logs=logs(stdout, stderr), notify=notify_socket(around.runtime_dir, name)
    )
    signs = signs_of(
        table.startup,
        table.readiness,
        spot,
        socket=notify_socket(around.runtime_dir, name),
        logs=reach.logs,
    )
    liveness = liveness_of(table.liveness, spot.at("liveness"), reach)
    plain = _launch(table, spot, around.uid)
    launch = msgspec.structs.replace(
        plain,
        umask=table.umask,
        rlimits=table.rlimits,
        stdout=stdout,
        stderr=stderr,
        readiness=signs.gate,
        asks=msgspec.UNSET if signs.ask is None else signs.ask,
        watchdog=_watchdog(liveness),
    )
    if "sockets" not in wrong:
        launch = hand_down(table, launch, spot, around.sockets)
    on_connection = table.autostart == "on-connection"
    program = Program(
        name=name,
        autostart=bool(table.autostart),
        starts_on=tuple(str(s.address) for s in launch.sockets if on_connection),
        readiness=signs.gate,
        asked_later=signs.later and signs.probe is not None,
        healing=_healing(table, wrong, spot, around),
        **{key: getattr(table, key) for key in _AS_WRITTEN},
    )
    check_rules(
        table.rules,
        spot.at("rules"),
        interval=around.interval,
        runbooks=around.runbooks,
        reloads=_reloads(table, wrong),
    )
    return Read(
        program=program,
        launch=launch,
        reload=_reload(name, table, plain, spot),
        rules=table.rules,
        probes=Probes(liveness=liveness, readiness=signs.probe),
    )


def _watchdog(liveness: Probe | None) -> float | msgspec.UnsetType:
    """Return within how many seconds a program has to beat, again and again."""
    if liveness is None or not isinstance(liveness.what, Heartbeat):
        return msgspec.UNSET
    return liveness.what.within


def _healing(
    table: ProgramTable, wrong: frozenset[str], spot: Spot, around: Surroundings
) -> Healing:
    healing = merge_healing(around.healing, table.healing, spot.at("healing"))
    reloads = _reloads(table, wrong)
    if table.liveness is not None and table.liveness.ladder is not None:
        check_ladder(
            table.liveness.ladder,
            spot.at("liveness").at("ladder"),
            runbooks=around.runbooks,
            reloads=reloads,
        )
    own = table.healing.ladder is not None
    check_ladder(
        healing.ladder,
        spot.at("healing").at("ladder") if own else spot,
        # A wrong name that stands in [healing] is told there, once.
        runbooks=around.runbooks if own else None,
        reloads=reloads,
    )
    return healing


def _reloads(table: ProgramTable, wrong: frozenset[str]) -> bool:
    return table.reload is not None or "reload" in wrong


def _reload(
    name: str, table: ProgramTable, launch: Launch, spot: Spot
) -> ReloadBy | None:
    if not isinstance(table.reload, tuple):
        return table.reload
    launch = msgspec.structs.replace(launch, argv=_argv(table.reload, spot.folder))
    return Runbook(name=f"reload of {name}", timeout=RELOAD_SECS, launch=launch)


_AS_WRITTEN = tuple(
    key
    for key in Program.__struct_fields__
    if key
    not in {
        "name",
        "kind",
        "startwaitsecs",
        "group",
        "copy_of",
        "healing",
        "readiness",
        "asked_later",
        "autostart",
        "starts_on",
    }
)


def read_task(name: str, raw: object, spot: Spot, uid: int) -> Task | None:
    """Return a periodic command; None when its table is unusable.

    Paths are as in ``read_program``; what it prints goes to no file.
    """
    table, _ = read_table(TaskTable, raw, spot)
    if table is None:
        return None
    return Task(
        name=name,
        every=table.every,
        timeout=table.every if table.timeout is None else table.timeout,
        jitter=table.jitter,
        launch=_launch(table, spot, uid),
    )


def read_runbook(name: str, raw: object, spot: Spot, uid: int) -> Runbook | None:
    """Return a command that may heal, as ``read_task``; None when unusable."""
    table, _ = read_table(RunbookTable, raw, spot)
    if table is None:
        return None
    launch = _launch(table, spot, uid)
    return Runbook(name=name, timeout=table.timeout, launch=launch)


def _check_group_stop(table: ProgramTable, spot: Spot) -> None:
    if table.stopasgroup and not table.killasgroup:
        spot.at("killasgroup").wrong(
            "killasgroup = false cannot be with stopasgroup = true (the default)",
            "set stopasgroup = false as well, or leave killasgroup out",
        )


def _launch(table: CommandTable, spot: Spot, uid: int) -> Launch:
    login, account = _account(table.user, spot.at("user"), uid)
    return Launch(
        argv=_argv(table.command, spot.folder),
        environment=login | table.environment,
        directory=None if table.directory is None else spot.folder / table.directory,
        credentials=account,
    )


def _argv(command: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    if not command or "/" not in command[0]:
        return command
    return (str(folder / command[0]), *command[1:])


def _account(
    name: str | None, spot: Spot, uid: int
) -> tuple[dict[str, str], Credentials | None]:
    """Return what a login as ``name`` would set, and whom to become.

    Nobody has to be become when the daemon, not being root, already is that user.
    """
    if name is None:
        return {}, None
    try:
        found = credentials(user(name))
    except Unknown as error:
        spot.wrong(f'"{name}": {error}')
        return {}, None
    if uid not in {0, found.uid}:
        spot.wrong(
            f'cannot run as "{name}": the daemon runs as uid {uid}, not as root',
            "leave the key out, or run the daemon as root",
        )
    login = {
        "HOME": found.home,
        "USER": found.name,
        "LOGNAME": found.name,
        "SHELL": found.shell,
    }
    return login, found if uid == 0 else None
