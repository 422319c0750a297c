"""What an update would do, in words. Pure."""

from collections.abc import Iterator, Mapping

from selfhealingd.config.diff import Changes
from selfhealingd.core.host import Service
from selfhealingd.core.life import alive, label
from selfhealingd.core.policy import Kind, Program


def preview(
    changes: Changes, wanted: Mapping[str, Program], services: Mapping[str, Service]
) -> Iterator[str]:
    """Say of each change what becomes of what runs.

    ``wanted`` are the programs as they would be, ``services`` as they are.
    """
    for name in changes.added:
        starts = "starts" if wanted[name].autostart else "does not start by itself"
        yield f"added: {name} ({starts})"
    for name in changes.removed:
        yield f"removed: {name} ({_end(services.get(name))})"
    for name in changes.relaunch:
        s = services.get(name)
        again = "is restarted" if s and alive(s.life) else "when it starts next"
        yield f"changed: {name} ({again})"
    for name in changes.adjusted:
        yield f"changed: {name} (nothing is restarted)"
    for what, names in (
        ("task added", changes.tasks_added),
        ("task removed", changes.tasks_removed),
        ("task changed", changes.tasks_changed),
        ("runbook", changes.runbooks),
        ("check", changes.checks),
        ("hook", changes.hooks),
    ):
        yield from (f"{what}: {name}" for name in names)
    if changes.healing_changed:
        yield "healing"
    if changes.host_changed:
        yield "host"
    for key in changes.daemon_keys:
        yield f"{key} (waits for a restart of the daemon)"


def _end(s: Service | None) -> str:
    if s is None or not alive(s.life):
        return "it is down; is forgotten"
    if s.kind is Kind.WATCH:
        return "it runs on"
    return f"it is {label(s.life)}: is STOPPED"
