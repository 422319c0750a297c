"""What changed between two configs, and what it takes to apply it. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from selfhealingd.config.settings import Config

# Every reload reads the include patterns, and status reads the thresholds each time.
_APPLIED_AT_ONCE = frozenset(
    {"daemon.include", "daemon.tasks_caution", "daemon.tasks_overload"}
)
_OPERATORS = "control.operators"
_WRITTEN_AS = {
    "control.operator_uids": _OPERATORS,
    "control.operator_gids": _OPERATORS,
}


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Names, sorted, by what has to be done about them.

    ``relaunch``: the program must be started anew before all of its settings are in
    force. ``adjusted``: only how it is watched over changed. ``healing_changed``: the
    engine's own numbers did. ``host_changed``: what is watched of the host did;
    ``llm_changed``: how a model is asked did; ``web_changed``: the listener did.
    ``runbooks`` and ``hooks``: added, removed or changed. ``daemon_keys``: these wait
    for a restart of the daemon.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    relaunch: tuple[str, ...] = ()
    adjusted: tuple[str, ...] = ()
    tasks_added: tuple[str, ...] = ()
    tasks_removed: tuple[str, ...] = ()
    tasks_changed: tuple[str, ...] = ()
    runbooks: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    healing_changed: bool = False
    host_changed: bool = False
    llm_changed: bool = False
    web_changed: bool = False
    checks: tuple[str, ...] = ()
    daemon_keys: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != Changes()


def compare(old: Config, new: Config) -> Changes:
    """Return what is different in ``new``."""
    relaunch = _changed(old.launches, new.launches)
    adjusted = {
        *_changed(old.policy.programs, new.policy.programs),
        *(
            (old.policy.programs.keys() & new.policy.programs.keys())
            & (
                _differ(old.reloads, new.reloads)
                | _differ(old.rules, new.rules)
                | _differ(old.probes, new.probes)
                | _differ(old.drills, new.drills)
            )
        ),
        *_changed(old.watches, new.watches),
    }
    apart: dict[str, Any] = {"programs": {}, "runbooks": {}, "llm": new.policy.llm}
    return Changes(
        added=_gained(old, new),
        removed=_gained(new, old),
        relaunch=relaunch,
        adjusted=tuple(sorted(adjusted.difference(relaunch))),
        tasks_added=_only_in(new.tasks, old.tasks),
        tasks_removed=_only_in(old.tasks, new.tasks),
        tasks_changed=_changed(old.tasks, new.tasks),
        runbooks=tuple(sorted(_differ(old.runbooks, new.runbooks))),
        hooks=tuple(sorted(_differ(old.hooks, new.hooks))),
        healing_changed=(
            msgspec.structs.replace(old.policy, **apart)
            != msgspec.structs.replace(new.policy, **apart)
            or old.max_drills_per_hour != new.max_drills_per_hour
            or old.max_drill_pressure != new.max_drill_pressure
        ),
        host_changed=old.host_rules != new.host_rules,
        llm_changed=old.llm != new.llm,
        web_changed=old.web != new.web,
        checks=tuple(sorted(_differ(old.checks, new.checks))),
        daemon_keys=_daemon_keys(old, new),
    )


def _gained(old: Config, new: Config) -> tuple[str, ...]:
    """Return the services of ``new``; one that became of the other kind is another."""
    programs = _only_in(new.launches, old.launches)
    watches = _only_in(new.watches, old.watches)
    return tuple(sorted((*programs, *watches)))


def _only_in(
    these: Mapping[str, object], those: Mapping[str, object]
) -> tuple[str, ...]:
    return tuple(sorted(these.keys() - those.keys()))


def _changed(old: Mapping[str, object], new: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(sorted(n for n in old.keys() & new.keys() if old[n] != new[n]))


def _differ(old: Mapping[str, object], new: Mapping[str, object]) -> set[str]:
    """Return the names of which the two don't say the same."""
    return {n for n in old.keys() | new.keys() if old.get(n) != new.get(n)}


def _daemon_keys(old: Config, new: Config) -> tuple[str, ...]:
    changed = {
        f"{table}.{key}"
        for table in ("daemon", "control")
        for key in _changed(
            msgspec.structs.asdict(getattr(old, table)),
            msgspec.structs.asdict(getattr(new, table)),
        )
    }
    written = {_WRITTEN_AS.get(key, key) for key in changed}
    return tuple(sorted(written - _APPLIED_AT_ONCE))
