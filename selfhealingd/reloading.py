"""Reload and update: flags and config read again, checked, compared, applied.

A reload disturbs nothing that runs; what can't be applied so waits for an update. A
file with mistakes changes nothing, and says so in status until it is mended.
"""

import os
from collections.abc import Collection
from functools import partial
from pathlib import Path

import trio
from msgspec.structs import replace

from selfhealingd import logs
from selfhealingd.config.check import load_config
from selfhealingd.config.diff import Changes, compare
from selfhealingd.config.merge import merge, pending
from selfhealingd.config.mistakes import ConfigError
from selfhealingd.config.settings import Config
from selfhealingd.core.events import FlagsChanged, Reconfigured
from selfhealingd.core.life import alive
from selfhealingd.core.policy import Flags
from selfhealingd.flags import FlagError, FlagsGone, read_flags
from selfhealingd.system import System
from selfhealingd.upkeep import allow_descriptors, check_writable
from selfhealingd.wire.documents import ReloadReport

log = logs.get("Config")

READ_SECS = 30.0
"""A config on a dead network disk must not hold a reload for ever."""
WEB_SECS = 15.0
"""Nor must a certificate; how that ends is in status."""


async def reload(system: System) -> ReloadReport:
    """Read flags and config again, and apply what disturbs nothing."""
    async with system.reloading:
        applied = []
        errors = []
        flags_changed, flags_error = await reload_flags(system)
        if flags_changed:
            applied.append("flags")
        if flags_error is not None:
            errors += flags_error.splitlines()
        changes, mistakes = await _reload_config(system)
        errors += mistakes
        keys = await system.diagnosis.load_keys()
        wrong = await _reload_web(system)
        errors += wrong
        if changes is not None:
            applied += _words(changes, waiting(system), served=not wrong)
        applied += keys
        return _report(system, applied, errors)


async def reload_flags(system: System) -> tuple[bool, str | None]:
    """Read the flag file; returns whether flags changed, and what is wrong with it."""
    file = system.config.daemon.flags_file
    try:
        with trio.fail_after(READ_SECS):
            flags = await _read_flags(system, file)
    except (FlagError, trio.TooSlowError) as error:
        words = str(error) or f"{file}: reading it took over {READ_SECS:g} s"
        system.flags_error = words
        log.error(f"the flag file can't be used, flags stay as they were: {words}")
        first = words.splitlines()[0]
        mend = f"mend {file}"
        if isinstance(error, FlagsGone):
            mend = f"bring it back, or have all on: touch {file}"
        system.problems.set(
            "flags",
            f"the flag file can't be used, flags stay as they were: {first}",
            f"{mend}, then: selfhealctl reload",
        )
        return False, words
    system.flags_error = None
    system.problems.clear("flags")
    changed = flags != system.loop.host.flags
    if changed:
        await system.loop.apply(FlagsChanged(at=trio.current_time(), flags=flags))
        system.judging.care.flags_changed()
        system.diagnosis.stop_if_off()
    return changed, None


async def _read_flags(system: System, file: Path) -> Flags:
    """Read the flag file; without one all are on, unless there was one.

    A switch that somebody threw must not come back because a file was lost: a clean-up
    or a failed deployment is no person's word. Flags outlive the daemon, so that some
    are off shows that there was a file even where this daemon has seen none.
    """
    flags = await trio.to_thread.run_sync(read_flags, file, abandon_on_cancel=True)
    if flags is not None:
        system.flags_loaded = trio.current_time()
        return flags
    if system.flags_loaded is not None or system.loop.host.flags != Flags():
        raise FlagsGone(file)
    return Flags()


async def _reload_web(system: System) -> tuple[str, ...]:
    """Have it served as the config and its files say now; returns what could not be."""
    system.renew_web()
    taken = system.web_taken
    if system.config.web is not None and not system.ending:
        with trio.move_on_after(WEB_SECS):
            await taken.wait()
            return system.web_wrong
    return ()


def waiting(system: System, config: Config | None = None) -> frozenset[str]:
    """Programs of which something waits for ``update``.

    ``config``: as if it were wanted; None: by the one that is.
    """
    wanted = system.wanted if config is None else config
    found = set(pending(system.config, wanted))
    for name, s in system.loop.host.services.items():
        launch = wanted.launches.get(name)
        if launch is None or not alive(s.life):
            continue
        # What was adopted runs with what it was started with, not with what we read.
        match system.origins.outdated(name, s.run, launch):
            case True:
                found.add(name)
            case False:
                found.discard(name)
            case None:
                pass
    return frozenset(found)


def changes_by(system: System, config: Config, names: Collection[str]) -> Changes:
    """Return what an update to ``config`` changes; of runs, only these programs'.

    What was adopted is compared with what it was started with.
    """
    changes = compare(system.config, config)
    restarts = (waiting(system, config) & config.launches.keys()).intersection(names)
    rest = {*changes.relaunch, *changes.adjusted} - restarts
    return replace(
        changes, relaunch=tuple(sorted(restarts)), adjusted=tuple(sorted(rest))
    )


async def take_launch(system: System, name: str) -> None:
    """Put into force what waits for a program that is about to be started anew."""
    if name in waiting(system) and name in system.wanted.launches:
        await put_into_force(system, keep=waiting(system) - {name})


async def put_into_force(system: System, *, keep: frozenset[str]) -> None:
    """Go on with the wanted config, except for the programs in ``keep``."""
    config = merge(system.config, system.wanted, keep=keep)
    # What a program no longer in the config ran stays known until it is gone.
    system.loop.launches = {**system.loop.launches, **config.launches}
    system.config = config
    system.watch()
    if config.policy != system.loop.policy:
        event = Reconfigured(at=trio.current_time(), policy=config.policy)
        await system.loop.apply(event)
    system.sockets.keep(config.sockets)
    system.periodic.sync(config.tasks)
    system.hooks.sync(config.hooks)
    system.outputs.keep(config.launches)
    system.prober.put(config.probes)
    system.judging.put(config)
    system.diagnosis.stop_if_off()
    system.renew_web()
    allow_descriptors(config, system.problems)


async def read_config(system: System) -> tuple[Config | None, list[str]]:
    """Read the config; returns it, or what is wrong with it."""
    file = system.config.file
    read = partial(load_config, file, environ=os.environ, uid=os.geteuid())
    try:
        with trio.fail_after(READ_SECS):
            return await trio.to_thread.run_sync(read, abandon_on_cancel=True), []
    except ConfigError as error:
        return None, [str(mistake) for mistake in error.mistakes]
    except trio.TooSlowError:
        return None, [f"{file}: reading it took over {READ_SECS:g} s"]


async def _reload_config(system: System) -> tuple[Changes | None, list[str]]:
    """Read the config and accept it; returns what changed, or what is wrong."""
    file = system.config.file
    wanted, mistakes = await read_config(system)
    if wanted is not None:
        await check_writable(wanted.files, system.problems)
        changes = compare(system.wanted, wanted)
        await _accept(system, wanted)
        return changes, []
    for mistake in mistakes:
        log.error(mistake)
    count = f"{len(mistakes)} mistakes" if len(mistakes) > 1 else "a mistake"
    system.problems.set(
        "config",
        f"the config has {count}, the old one stays in force: {mistakes[0]}",
        f"see all: selfhealingd --config {file} --check; then: selfhealctl reload",
    )
    return None, mistakes


async def _accept(system: System, wanted: Config) -> None:
    system.problems.clear("config")
    system.wanted = wanted
    running = {n for n, s in system.loop.host.services.items() if alive(s.life)}
    # What was adopted without a config, and has one again, can be started by it.
    back = {n for n, one in system.config.launches.items() if not one.argv}
    keep = frozenset(running) - (back & wanted.launches.keys())
    await put_into_force(system, keep=waiting(system) & keep)
    keys = compare(system.config, wanted).daemon_keys
    if keys:
        system.problems.set(
            "daemon-keys",
            f"changed settings wait for a restart of the daemon: {', '.join(keys)}",
            "when it suits: systemctl restart selfhealingd, or: selfhealctl shutdown",
        )
    else:
        system.problems.clear("daemon-keys")


def _words(changes: Changes, waits: frozenset[str], *, served: bool) -> list[str]:
    named = [
        ("added", changes.added),
        ("removed", changes.removed),
        ("changed", (*changes.relaunch, *changes.adjusted)),
        ("task added", changes.tasks_added),
        ("task removed", changes.tasks_removed),
        ("task changed", changes.tasks_changed),
        ("runbook", changes.runbooks),
        ("check", changes.checks),
        ("hook", changes.hooks),
    ]
    words = [
        f"{what}: {name}"
        for what, names in named
        for name in names
        if name not in waits
    ]
    words += ["healing"] if changes.healing_changed else []
    words += ["host"] if changes.host_changed else []
    words += ["llm"] if changes.llm_changed else []
    return words + (["web"] if changes.web_changed and served else [])


def _report(system: System, applied: list[str], errors: list[str]) -> ReloadReport:
    waits = tuple(sorted(waiting(system)))
    if errors:
        words = "not all could be reloaded; what was in force stays so"
    elif applied or waits:
        words = "reloaded"
    else:
        words = "reloaded; nothing changed"
    if system.diagnosis.keys.refused:
        words += (
            f"; keys for the model are not taken: {system.diagnosis.keys.refused[0]}"
        )
    if waits:
        gone = [name for name in waits if name not in system.wanted.launches]
        changed = [name for name in waits if name in system.wanted.launches]
        words += "; waiting for `selfhealctl update`"
        if changed:
            words += f", which restarts: {', '.join(changed)}"
        if gone:
            words += f"{';' if changed else ', which'} STOPS: {', '.join(gone)}"
    return ReloadReport(
        ok=not errors,
        words=words,
        applied=tuple(applied),
        pending=waits,
        errors=tuple(errors),
    )
