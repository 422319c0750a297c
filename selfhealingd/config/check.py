"""From the main file to a checked ``Config``, or to every mistake at once.

The main file has ``[daemon]``, ``[control]``, ``[healing]`` and ``[host]``; programs
and tasks may stand in it or in any of the files that ``daemon.include`` names.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from selfhealingd.config.checks import read_checks
from selfhealingd.config.control import DEFAULT_INCLUDE, read_control, read_daemon
from selfhealingd.config.copies import copies
from selfhealingd.config.files import CannotRead, matching, read_toml
from selfhealingd.config.healing import main_breaker, merge_healing
from selfhealingd.config.hooks import read_hooks
from selfhealingd.config.ladder import check_ladder
from selfhealingd.config.mistakes import ConfigError, Mistake, Spot, likely, show
from selfhealingd.config.named import Named, named
from selfhealingd.config.output import check_shared
from selfhealingd.config.paths import defaults
from selfhealingd.config.programs import (
    Read,
    Surroundings,
    read_program,
    read_runbook,
    read_task,
)
from selfhealingd.config.relations import check_logs, check_needs, join_groups
from selfhealingd.config.rules import check_rules
from selfhealingd.config.schema import (
    ControlTable,
    DaemonTable,
    HealingTable,
    HostTable,
    LlmTable,
    WebTable,
)
from selfhealingd.config.settings import (
    Config,
    Control,
    Daemon,
    Llm,
    Runbook,
    Task,
)
from selfhealingd.config.sockets import read_sockets
from selfhealingd.config.table import read_table
from selfhealingd.config.watches import read_watch
from selfhealingd.config.web import read_web
from selfhealingd.core.budget import Prices
from selfhealingd.core.policy import Healing, Policy, Program
from selfhealingd.core.policy import Llm as AdviceMode
from selfhealingd.core.probe import NONE
from selfhealingd.core.web import Web
from selfhealingd.tasks import OWN_TASKS

_SETTINGS: dict[str, type[msgspec.Struct]] = {
    "daemon": DaemonTable,
    "control": ControlTable,
    "healing": HealingTable,
    "host": HostTable,
    "llm": LlmTable,
    "web": WebTable,
}
_NAMED = ("program", "watch", "group", "socket", "tasks", "runbook", "check", "on")
_HOMES = {
    key: f"it belongs in [{table}]"
    for table, kind in _SETTINGS.items()
    for key in kind.__struct_fields__
}


class _Source(msgspec.Struct, frozen=True):
    """One file that was read: its top, and the tables in it."""

    spot: Spot
    tables: dict[str, object]


class _Settings(msgspec.Struct, frozen=True):
    """What the main file alone decides."""

    daemon: Daemon
    control: Control
    healing: Healing
    engine: HealingTable
    host: HostTable
    llm: Llm
    web: Web | None


def load_config(path: Path, *, environ: Mapping[str, str], uid: int) -> Config:
    """Return the config that ``path`` and the files it includes describe.

    ``environ`` is what ``${VAR}`` is taken from, ``uid`` whom the daemon runs as: both
    also decide the default places. Reads files and looks up users and groups, so it may
    block. Raises ``ConfigError`` with every mistake in every file.
    """
    noted: list[Mistake] = []
    main = _read(Spot(path.absolute(), environ, noted))
    if main is None:
        raise ConfigError(tuple(noted))
    settings = _settings(main, environ, uid)
    included = _included(main, settings.daemon.include)
    for source in included:
        _check_top(source, main.spot.file)
    sources = (main, *included)
    declared = _named(sources, "socket")
    runbooks = _runbooks(sources, uid)
    check_ladder(
        settings.healing.ladder,
        main.spot.at("healing").at("ladder"),
        runbooks=runbooks,
        reloads=None,
    )
    around = Surroundings(
        uid=uid,
        log_dir=settings.daemon.log_dir,
        runtime_dir=settings.daemon.runtime_dir,
        healing=settings.healing,
        sockets=read_sockets(declared),
        runbooks=frozenset(runbooks),
        interval=settings.daemon.sample_interval,
    )
    check_rules(
        settings.host.rules,
        main.spot.at("host").at("rules"),
        interval=around.interval,
        runbooks=around.runbooks,
        reloads=None,
    )
    services = _services(sources, around)
    checks = read_checks(
        _named(sources, "check"),
        {name: one.reload is not None for name, one in services.items()},
        around.runbooks,
    )
    tasks = _tasks(sources, uid)
    hooks = read_hooks(
        ((s.tables.get("on", {}), s.spot.at("on")) for s in sources),
        {name: one.program for name, one in services.items()},
        uid,
    )
    if noted:
        raise ConfigError(tuple(noted))
    return Config(
        file=main.spot.file,
        files=tuple(source.spot.file for source in sources),
        daemon=settings.daemon,
        control=settings.control,
        policy=_policy(
            settings,
            {n: one.program for n, one in services.items()},
            {n: one.timeout for n, one in runbooks.items() if one is not None},
        ),
        launches={n: one.launch for n, one in services.items() if one.launch},
        tasks=tasks,
        runbooks={name: one for name, one in runbooks.items() if one is not None},
        reloads={n: one.reload for n, one in services.items() if one.reload},
        watches={n: one.watch for n, one in services.items() if one.watch},
        rules={name: one.rules for name, one in services.items() if one.rules},
        host_rules=settings.host.rules,
        checks=checks,
        probes={n: one.probes for n, one in services.items() if one.probes != NONE},
        hooks=hooks,
        drills={name: True for name, one in services.items() if one.drills},
        max_drills_per_hour=settings.engine.max_drills_per_hour,
        max_drill_pressure=settings.engine.max_drill_pressure,
        llm=settings.llm,
        secrets=tuple(main.spot.secrets),
        web=settings.web,
    )


def _read(spot: Spot) -> _Source | None:
    try:
        tables, twice = read_toml(spot.file)
    except CannotRead as error:
        spot.wrong(str(error))
        return None
    for one in twice:
        here = spot
        for key in one.keys:
            here = here.at(key)
        first = "before" if one.first is None else f"in line {one.first}"
        here.wrong(
            f"written twice: {first}, and in line {one.again}",
            "make them one, or change a name",
        )
    return _Source(spot, tables)


def _settings(main: _Source, environ: Mapping[str, str], uid: int) -> _Settings:
    _check_top(main, None)
    spot = main.spot
    tables = main.tables
    places = defaults(uid, environ)
    daemon, wrong = read_table(DaemonTable, tables.get("daemon", {}), spot.at("daemon"))
    control, _ = read_table(ControlTable, tables.get("control", {}), spot.at("control"))
    engine, bad = read_table(
        HealingTable,
        tables.get("healing", {}),
        spot.at("healing"),
        {"llm_actions": "it is said of each by itself, in [program.NAME.healing]"},
    )
    host, _ = read_table(HostTable, tables.get("host", {}), spot.at("host"))
    llm, _ = read_table(LlmTable, tables.get("llm", {}), spot.at("llm"))
    daemon = daemon or DaemonTable()
    engine = engine or HealingTable()
    checked = read_daemon(daemon, wrong, spot.at("daemon"), places)
    # Who moves the runtime folder wants a second daemon, not a fight for one socket.
    moved = checked.runtime_dir != places.runtime_dir
    socket = checked.runtime_dir / places.socket.name if moved else places.socket
    return _Settings(
        daemon=checked,
        control=read_control(
            control or ControlTable(), spot.at("control"), socket, uid
        ),
        healing=(
            Healing() if bad else merge_healing(Healing(), engine, spot.at("healing"))
        ),
        engine=engine,
        host=host or HostTable(),
        web=read_web(tables.get("web"), spot.at("web")),
        llm=_llm(llm or LlmTable(), spot.at("llm")),
    )


def _llm(table: LlmTable, spot: Spot) -> Llm:
    found = msgspec.structs.asdict(table)
    one, other = found.pop("price_input"), found.pop("price_output")
    prices = None
    if one is not None and other is not None:
        prices = Prices(input=one, output=other)
    elif one is not other:
        here, lacks = "price_input", "price_output"
        if one is None:
            here, lacks = lacks, here
        spot.at(here).wrong(f"needs {lacks} as well", "without both no cost is known")
    if table.cost_per_day is not None and one is other is None:
        words = "nothing is known of what a call costs"
        spot.at("cost_per_day").wrong(words, "set price_input and price_output")
    file = table.key_file
    key_file = None if file is None else spot.folder / file
    return Llm(**{**found, "key_file": key_file, "prices": prices})


def _included(main: _Source, patterns: tuple[str, ...]) -> list[_Source]:
    """Read every file that ``daemon.include`` matches, each of them once."""
    spot = main.spot.at("daemon").at("include")
    files: dict[Path, None] = {}
    for pattern in patterns:
        try:
            files |= dict.fromkeys(matching(main.spot.folder, pattern))
        except CannotRead as error:
            # Only a folder that the operator named himself has to be there.
            if patterns != DEFAULT_INCLUDE:
                spot.wrong(f"{show(pattern)}: {error}", "create it, or change include")
    files.pop(main.spot.file, None)
    sources = [_read(main.spot.of(file)) for file in files]
    return [source for source in sources if source is not None]


def _check_top(source: _Source, main: Path | None) -> None:
    """Note what has no place at a file's top; ``main`` is None for the main file."""
    for key, value in source.tables.items():
        spot = source.spot.at(key)
        if main is not None and key in _SETTINGS:
            spot.wrong("not in an included file", f"it belongs in {main}")
        elif key not in (*_SETTINGS, *_NAMED):
            what = "unknown table" if isinstance(value, dict) else "unknown key"
            hint = _HOMES.get(key) or likely(key, (*_SETTINGS, *_NAMED))
            spot.wrong(what, hint)


def _named(sources: tuple[_Source, ...], table: str) -> Iterator[Named]:
    """Return all ``[table.NAME]`` of all files."""
    return named((s.tables.get(table, {}), s.spot.at(table)) for s in sources)


class _Found(msgspec.Struct):
    """What was read of services, and where; programs and watches share their names."""

    services: dict[str, Read] = {}
    spots: dict[str, Spot] = {}
    taken: set[str] = set()


def _services(sources: tuple[_Source, ...], around: Surroundings) -> dict[str, Read]:
    """Return programs and watches."""
    found = _Found()
    _add_programs(found, sources, around)
    _add_watches(found, sources, around)
    services = found.services
    launches = {name: one.launch for name, one in services.items() if one.launch}
    check_shared(launches, found.spots)
    check_logs(launches, found.spots)
    programs = join_groups(
        {name: one.program for name, one in services.items()}, _named(sources, "group")
    )
    return {
        name: msgspec.structs.replace(services[name], program=program)
        for name, program in check_needs(programs, found.spots).items()
    }


def _add_programs(
    found: _Found, sources: tuple[_Source, ...], around: Surroundings
) -> None:
    for written in _named(sources, "program"):
        here = written.spot
        for name, raw in copies(written.name, written.raw, here):
            read = read_program(name, raw, here, around)
            here = here.unheard()  # what is wrong in one copy is so in all
            if written.again:
                continue
            if name.lower() in found.taken:
                words = f'its process "{name}" has the name of another program'
                written.spot.wrong(words)
            found.taken.add(name.lower())
            found.spots[name] = written.spot
            if read is not None:
                group = None if name == written.name else written.name
                program = msgspec.structs.replace(
                    read.program, group=group, copy_of=group
                )
                found.services[name] = msgspec.structs.replace(read, program=program)


def _add_watches(
    found: _Found, sources: tuple[_Source, ...], around: Surroundings
) -> None:
    for written in _named(sources, "watch"):
        name = written.name
        read = read_watch(name, written.raw, written.spot, around)
        if written.again:
            continue
        if name.lower() in found.taken:
            written.spot.wrong("a program has this name", "choose another one")
            continue
        found.taken.add(name.lower())
        found.spots[name] = written.spot
        if read is not None:
            _check_alone(found, read, written.spot)
            found.services[name] = read


def _check_alone(found: _Found, read: Read, spot: Spot) -> None:
    """Note a second watch of the same: two would heal it against each other."""
    for name, other in found.services.items():
        if other.watch and read.watch and other.watch.sought == read.watch.sought:
            spot.wrong(f'"{name}" watches the same', "make them one")


def _tasks(sources: tuple[_Source, ...], uid: int) -> dict[str, Task]:
    tasks: dict[str, Task] = {}
    for written in _named(sources, "tasks"):
        if written.name.lower() in OWN_TASKS:
            written.spot.wrong(
                f'the daemon has a task "{written.name.lower()}" of its own',
                "choose another name",
            )
        task = read_task(written.name, written.raw, written.spot, uid)
        if task is not None and not written.again:
            tasks[written.name] = task
    return tasks


def _runbooks(sources: tuple[_Source, ...], uid: int) -> dict[str, Runbook | None]:
    """Return all that are written, by name; None for one that can't be used."""
    return {
        written.name: read_runbook(written.name, written.raw, written.spot, uid)
        for written in _named(sources, "runbook")
    }


def _policy(
    settings: _Settings, programs: dict[str, Program], runbooks: dict[str, float]
) -> Policy:
    engine = settings.engine
    return Policy(
        programs=programs,
        runbooks=runbooks,
        systemic_share=engine.systemic_share,
        max_concurrent_remedies=engine.max_concurrent_remedies,
        max_remedies_per_hour=engine.max_remedies_per_hour,
        main=main_breaker(engine, settings.healing.breaker),
        llm=AdviceMode(settings.llm.mode),
    )
