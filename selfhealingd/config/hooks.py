"""``[on.EVENT]``: commands, webhooks and people that are told of events."""

import re
import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

from msgspec.structs import replace

from selfhealingd.config import urls
from selfhealingd.config.command import launch_of
from selfhealingd.config.files import CannotRead, read_text
from selfhealingd.config.mistakes import Spot, likely, show
from selfhealingd.config.relations import members
from selfhealingd.config.schema import CommandTable, HookTable
from selfhealingd.config.table import as_table, read_table
from selfhealingd.config.values import Expected
from selfhealingd.core.hook import Execute, Hook, Notify, Post, Way
from selfhealingd.core.kinds import KINDS
from selfhealingd.core.policy import Program

ANY = "any"

_EVENTS = {kind.replace(".", "-"): kind for kind in KINDS}
_OURS = frozenset({"connection", "content-length", "host", "transfer-encoding"})
_WAYS = {
    "command": ("environment", "directory", "user"),
    "webhook": ("headers", "secret", "ca_file", "style"),
    "notify": ("environment", "user"),
}
"""The keys of each way in which a hook may tell that are not for all of them."""

_SPOKEN = {"command": "a command", "webhook": "a webhook", "notify": "notify"}

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,40}://[!-~]+")
_SENDER = ("-I", "-m", "selfhealingd.notify.helper")


def read_hooks(
    tables: Iterable[tuple[object, Spot]], programs: Mapping[str, Program], uid: int
) -> dict[str, Hook]:
    """Return the hooks of all ``[on]`` tables, one of each file, by name.

    Of one event there may be several, as an array of tables or in several files.
    """
    hooks: list[Hook] = []
    for table, spot in tables:
        for event, raw in (as_table(table, spot) or {}).items():
            here = spot.at(event)
            if event != ANY and event not in _EVENTS:
                hint = likely(event, (*_EVENTS, ANY))
                instead = f"see docs/hooks.md, or take [on.{ANY}]"
                here.wrong("there is no such event", hint or instead)
            for one in raw if isinstance(raw, list) else [raw]:
                for hook in _read(event, one, here, programs, uid):
                    number = sum(h.name.partition(" ")[0] == event for h in hooks)
                    name = f"{event} {number + 1}" if number else event
                    hooks.append(replace(hook, name=name))
    return {hook.name: hook for hook in hooks}


def _read(
    event: str, raw: object, spot: Spot, programs: Mapping[str, Program], uid: int
) -> list[Hook]:
    table, wrong = read_table(HookTable, raw, spot)
    if table is None:
        return []
    services = _services(table, spot.at("services"), programs)
    _check_keys(table, wrong, spot)
    return [
        Hook(
            name=event,
            way=way,
            kind=_EVENTS.get(event),
            level=table.level,
            services=services,
        )
        for way in (
            _execute(table, spot, uid),
            _post(table, spot),
            _notify(table, spot, uid),
        )
        if way is not None
    ]


def _services(
    table: HookTable, spot: Spot, programs: Mapping[str, Program]
) -> frozenset[str] | None:
    if table.services is None:
        return None
    found: set[str] = set()
    for name in table.services:
        its = members(programs, name.removesuffix(":*"))
        if not its:
            groups = (group for p in programs.values() for group in p.groups)
            spot.wrong(
                f"no such program or group: {show(name)}",
                likely(name, (*programs, *groups)),
            )
        found.update(its)
    return frozenset(found)


def _check_keys(table: HookTable, wrong: frozenset[str], spot: Spot) -> None:
    there = {w for w in _WAYS if getattr(table, w) is not None or w in wrong}
    if not there:
        spot.wrong("it tells nobody", "give it a command, a webhook or notify")
        return
    meant = {key for way in there for key in _WAYS[way]}
    without: dict[str, list[str]] = {}
    for way, keys in _WAYS.items():
        for key in set(keys) - meant:
            without.setdefault(key, []).append(_SPOKEN[way])
    for key, ways in without.items():
        if getattr(table, key) != getattr(HookTable(), key):
            spot.at(key).wrong(f"it has no meaning without {' or '.join(ways)}")


def _execute(table: HookTable, spot: Spot, uid: int) -> Way | None:
    if table.command is None:
        return None
    command = CommandTable(
        command=table.command,
        environment=table.environment,
        directory=table.directory,
        user=table.user,
    )
    return Execute(launch=launch_of(command, spot, uid), timeout=table.timeout)


def _post(table: HookTable, spot: Spot) -> Way | None:
    if table.webhook is None:
        return None
    try:
        url = urls.url(table.webhook.strip())
    except Expected as error:
        # What is written may be a secret, so it is not shown.
        hint = "a name and password belong into a header: Authorization"
        spot.at("webhook").wrong(
            f"expected {error.what}", hint if "@" in table.webhook else ""
        )
        return None
    for name, _ in table.headers:
        if name.lower() in _OURS:
            here = spot.at("headers").at(name)
            here.wrong("this header is the daemon's own", "leave it out")
    authorities = None if table.ca_file is None else spot.folder / table.ca_file
    if authorities is not None:
        _check_authorities(authorities, spot.at("ca_file"), secure=url.tls)
    return Post(
        secure=url.tls,
        host=url.host,
        port=url.port,
        target=url.target,
        timeout=table.timeout,
        headers=table.headers,
        secret=table.secret,
        authorities=None if authorities is None else str(authorities),
        style=table.style,
    )


def _notify(table: HookTable, spot: Spot, uid: int) -> Way | None:
    if table.notify is None:
        return None
    here = spot.at("notify")
    if not table.notify:
        here.wrong("there is no URL in it", "see docs/hooks.md")
    for number, url in enumerate(table.notify, start=1):
        if not _ADDRESS.fullmatch(url):
            # What is written may be a secret, so it is not shown.
            hint = 'write it as "mailto://…", "slack://…"; see docs/hooks.md'
            here.wrong(f"number {number} is not a URL", hint)
    if find_spec("apprise") is None:
        extra = "pip install 'selfhealingd[notify]'"
        here.wrong("it needs apprise, which is not installed", extra)
    sender = CommandTable(command=(sys.executable, *_SENDER), user=table.user)
    launch = launch_of(sender, spot, uid)
    return Notify(
        urls=table.notify,
        # Of a login's variables none is of use; these are all that it is given.
        launch=replace(launch, environment=table.environment, directory=Path("/")),
        timeout=table.timeout,
    )


def _check_authorities(file: Path, spot: Spot, *, secure: bool) -> None:
    if not secure:
        spot.wrong("it has no meaning without https")
        return
    try:
        read_text(file)
    except CannotRead as error:
        spot.wrong(f"{file}: {error}")
