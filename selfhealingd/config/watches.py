"""From the tables of watches to what core and supervise work with."""

import msgspec

from selfhealingd.config.command import argv_of, launch_of
from selfhealingd.config.mistakes import Spot
from selfhealingd.config.probes import Reach, liveness_of
from selfhealingd.config.programs import (
    RELOAD_SECS,
    Read,
    Surroundings,
    healing_of,
    reload_of,
    reloads,
)
from selfhealingd.config.rules import check_rules
from selfhealingd.config.schema import CommandTable, OwnHealingTable, WatchTable
from selfhealingd.config.settings import Runbook
from selfhealingd.config.table import read_table
from selfhealingd.core.launch import Launch
from selfhealingd.core.policy import Kind, Program
from selfhealingd.core.probe import Probes
from selfhealingd.core.watch import Match, Pidfile, Sought, Unit, Watch

_HEALING_KEYS = dict.fromkeys(
    OwnHealingTable.__struct_fields__, 'it belongs in "healing" of this watch'
)
_SOUGHT = ("systemd", "pidfile", "match")


def read_watch(name: str, raw: object, spot: Spot, around: Surroundings) -> Read | None:
    """Return how a watch lives and how it is found; None when its table is unusable.

    Mistakes are noted at ``spot``. Paths are as in ``read_program``.
    """
    table, wrong = read_table(WatchTable, raw, spot, _HEALING_KEYS)
    if table is None:
        return None
    sought = _sought(table, wrong, spot)
    plain = launch_of(
        CommandTable(
            environment=table.environment, directory=table.directory, user=table.user
        ),
        spot,
        around.uid,
    )
    if sought is None:
        return None
    _check_commands(table, wrong, spot)
    restart = _command(table.restart, plain, spot)
    watch = Watch(
        sought=sought,
        # What restarts it can start it as well.
        start=_command(table.start, plain, spot) or restart,
        stop=_command(table.stop, plain, spot),
        restart=restart,
        startsecs=table.startsecs,
        startwaitsecs=table.startwaitsecs,
        stopwaitsecs=table.stopwaitsecs,
    )
    program = Program(
        name=name,
        kind=Kind.WATCH,
        stopasgroup=False,
        killasgroup=False,
        healing=healing_of(table, wrong, spot, around),
        **{key: getattr(table, key) for key in _AS_WRITTEN},
    )
    reload = reload_of(name, table, plain, spot)
    if reload is None and isinstance(sought, Unit):
        reload = _by_manager(name, sought, plain)
    check_rules(
        table.rules,
        spot.at("rules"),
        interval=around.interval,
        runbooks=around.runbooks,
        reloads=reloads(table, wrong),
    )
    liveness = liveness_of(table.liveness, spot.at("liveness"), Reach())
    return Read(
        program=program,
        watch=watch,
        reload=reload,
        rules=table.rules,
        probes=Probes(liveness=liveness),
        drills=table.drills,
    )


_AS_WRITTEN = tuple(
    key
    for key in Program.__struct_fields__
    if key in WatchTable.__struct_fields__ and key not in {"healing", "reload"}
)


def _sought(table: WatchTable, wrong: frozenset[str], spot: Spot) -> Sought | None:
    named = [key for key in _SOUGHT if getattr(table, key) is not None or key in wrong]
    if not named:
        spot.wrong(
            "it is not said what to watch",
            'write systemd = "UNIT", pidfile = "PATH", or match = "REGEX"',
        )
    elif len(named) > 1:
        spot.at(named[1]).wrong(
            f"cannot be with {named[0]}", "one of them says what to watch"
        )
    if table.systemd is not None:
        return Unit(table.systemd)
    if table.pidfile is not None:
        return Pidfile(spot.folder / table.pidfile)
    return None if table.match is None else Match(table.match)


def _check_commands(table: WatchTable, wrong: frozenset[str], spot: Spot) -> None:
    """Note a watch that could never be healed, unless it is only to be looked at."""
    startable = table.systemd or table.start or table.restart
    if not startable and not wrong & {"start", "restart", *_SOUGHT}:
        spot.at("start").wrong(
            "missing: nothing says how to start it",
            'write the command, such as start = "service NAME start"',
        )


def _command(words: tuple[str, ...] | None, plain: Launch, spot: Spot) -> Launch | None:
    if words is None:
        return None
    return msgspec.structs.replace(plain, argv=argv_of(words, spot.folder))


def _by_manager(name: str, unit: Unit, plain: Launch) -> Runbook:
    argv = ("systemctl", "reload", unit.name)
    launch = msgspec.structs.replace(plain, argv=argv)
    return Runbook(name=f"reload of {name}", timeout=RELOAD_SECS, launch=launch)
