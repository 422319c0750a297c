"""The generated parts of pages: what stands between ``<!-- begin NAME -->`` and end."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from generator import client, daemon, events, metrics, places, protocol
from generator.keytables import keytable
from generator.measures import measures
from selfhealingd.config import schema
from selfhealingd.config.rules import HostRuleTable
from selfhealingd.core.rules.measures import Scope

_PART = re.compile(r"(<!-- begin (?P<name>[a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)

PARTS: Mapping[str, Callable[[], Iterable[str]]] = {
    "daemonoptions": daemon.command,
    "daemonstatuses": daemon.statuses,
    "places": places.places,
    "daemon": partial(keytable, schema.DaemonTable),
    "control": partial(keytable, schema.ControlTable),
    "healing": partial(keytable, schema.HealingTable),
    "program": partial(keytable, schema.ProgramTable),
    "readiness": partial(keytable, schema.ReadinessTable),
    "liveness": partial(keytable, schema.LivenessTable),
    "watch": partial(keytable, schema.WatchTable),
    "group": partial(keytable, schema.GroupTable),
    "socket": partial(keytable, schema.SocketTable),
    "task": partial(keytable, schema.TaskTable),
    "runbook": partial(keytable, schema.RunbookTable),
    "host": partial(keytable, schema.HostTable),
    "llm": partial(keytable, schema.LlmTable),
    "web": partial(keytable, schema.WebTable),
    "check": partial(keytable, schema.CheckTable),
    "rule": partial(keytable, HostRuleTable),
    "hook": partial(keytable, schema.HookTable),
    "measures": partial(measures, Scope.SERVICE),
    "hostmeasures": partial(measures, Scope.HOST),
    "events": events.table,
    "eventkinds": events.kinds,
    "metrics": metrics.metrics,
    "methods": protocol.methods,
    "errors": protocol.errors,
    "commands": client.commands,
    "statuses": client.statuses,
}
"""Name of a part to its lines."""


def render(page: str) -> str:
    """Return a page's text with its generated parts as they should be."""
    return _PART.sub(
        lambda part: part[1] + "\n".join(PARTS[part["name"]]()) + "\n" + part[3], page
    )
