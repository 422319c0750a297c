"""From the tables of programs and tasks to what core and supervise work with."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from selfhealingd.config.command import argv_of, launch_of
from selfhealingd.config.healing import merge_healing
from selfhealingd.config.ladder import check_actions, check_ladder
from selfhealingd.config.mistakes import Spot
from selfhealingd.config.output import read_output
from selfhealingd.config.probes import Reach, liveness_of
from selfhealingd.config.readiness import signs_of
from selfhealingd.config.rules import check_rules
from selfhealingd.config.schema import (
    ProgramTable,
    RunbookTable,
    ServiceHealingTable,
    TaskTable,
    WatchTable,
)
from selfhealingd.config.settings import ReloadBy, Runbook, Task
from selfhealingd.config.sockets import hand_down
from selfhealingd.config.table import read_table
from selfhealingd.core.launch import Launch, notify_socket
from selfhealingd.core.listening import Listening
from selfhealingd.core.output import logs
from selfhealingd.core.policy import Healing, Program
from selfhealingd.core.probe import NONE, Heartbeat, Probe, Probes
from selfhealingd.core.rules.rule import Rule
from selfhealingd.core.watch import Watch

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
    """What a program's or a watch's table says; it has a launch or a watch."""

    program: Program
    launch: Launch | None = None
    watch: Watch | None = None
    reload: ReloadBy | None = None
    rules: tuple[Rule, ...] = ()
    probes: Probes = NONE
    drills: bool = False


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
    plain = launch_of(table, spot, around.uid)
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
        healing=healing_of(table, wrong, spot, around),
        **{key: getattr(table, key) for key in _AS_WRITTEN},
    )
    check_rules(
        table.rules,
        spot.at("rules"),
        interval=around.interval,
        runbooks=around.runbooks,
        reloads=reloads(table, wrong),
    )
    return Read(
        program=program,
        launch=launch,
        reload=reload_of(name, table, plain, spot),
        rules=table.rules,
        probes=Probes(liveness=liveness, readiness=signs.probe),
        drills=table.drills,
    )


def _watchdog(liveness: Probe | None) -> float | msgspec.UnsetType:
    """Return within how many seconds a program has to beat, again and again."""
    if liveness is None or not isinstance(liveness.what, Heartbeat):
        return msgspec.UNSET
    return liveness.what.within


def healing_of(
    table: ProgramTable | WatchTable,
    wrong: frozenset[str],
    spot: Spot,
    around: Surroundings,
) -> Healing:
    """Return how a service is healed; notes remedies that it can't have."""
    healing = merge_healing(around.healing, table.healing, spot.at("healing"))
    known = reloads(table, wrong)
    if table.liveness is not None and table.liveness.ladder is not None:
        check_ladder(
            table.liveness.ladder,
            spot.at("liveness").at("ladder"),
            runbooks=around.runbooks,
            reloads=known,
        )
    own = table.healing.ladder is not None
    check_ladder(
        healing.ladder,
        spot.at("healing").at("ladder") if own else spot,
        # A wrong name that stands in [healing] is told there, once.
        runbooks=around.runbooks if own else None,
        reloads=known,
    )
    actions = table.healing.llm_actions
    check_actions(actions, spot.at("healing").at("llm_actions"), around.runbooks)
    return msgspec.structs.replace(healing, llm_actions=actions)


def reloads(table: ProgramTable | WatchTable, wrong: frozenset[str]) -> bool:
    """Whether it is said how a service is told to reload; systemd knows it of units."""
    by_manager = isinstance(table, WatchTable) and table.systemd is not None
    return table.reload is not None or "reload" in wrong or by_manager


def reload_of(
    name: str, table: ProgramTable | WatchTable, launch: Launch, spot: Spot
) -> ReloadBy | None:
    """Return how a service is told to reload, if that is said."""
    if not isinstance(table.reload, tuple):
        return table.reload
    launch = msgspec.structs.replace(launch, argv=argv_of(table.reload, spot.folder))
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
        launch=launch_of(table, spot, uid),
    )


def read_runbook(name: str, raw: object, spot: Spot, uid: int) -> Runbook | None:
    """Return a command that may heal, as ``read_task``; None when unusable."""
    table, _ = read_table(RunbookTable, raw, spot)
    if table is None:
        return None
    launch = launch_of(table, spot, uid)
    return Runbook(name=name, timeout=table.timeout, launch=launch)


def _check_group_stop(table: ProgramTable, spot: Spot) -> None:
    if table.stopasgroup and not table.killasgroup:
        spot.at("killasgroup").wrong(
            "killasgroup = false cannot be with stopasgroup = true (the default)",
            "set stopasgroup = false as well, or leave killasgroup out",
        )
