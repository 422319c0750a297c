"""What the state file holds, and how it becomes a host again after a restart."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

import selfhealingd
from selfhealingd.clock import utc_now
from selfhealingd.core.breaker import open_for_good
from selfhealingd.core.host import Host, Service
from selfhealingd.core.policy import Policy
from selfhealingd.core.snapshot import (
    Anchor,
    BadSnapshot,
    Return,
    decode,
    encode_engine,
    encode_service,
)
from selfhealingd.store.codec import BadState, Document
from selfhealingd.store.statefile import Note, StateFile
from selfhealingd.supervise.leftovers import Recorded

LOST = "The state was lost: whether the engine was dormant is unknown"


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that must survive, as it is at one time.

    ``now`` and ``boottime`` are the same moment on trio's clock and on that of the
    boot. ``clean``: the daemon ends as asked, with everything stopped.
    """

    host: Host
    now: float
    boottime: float
    paused: frozenset[str]
    ended: frozenset[str]
    clean: bool = False


class Memory:
    """Writes moments; encodes only what changed since the last one."""

    def __init__(self, file: StateFile, anchor: Anchor, boot: str) -> None:
        self._file = file
        self._anchor = anchor
        self._boot = boot
        self._known: dict[str, tuple[Service, dict[str, Any]]] = {}

    def write(self, moment: Moment) -> None:
        """Write a moment; blocks. Raises StoreError."""
        self._file.write(Document(self._header(moment), self._services(moment.host)))

    def _header(self, moment: Moment) -> dict[str, Any]:
        return {
            "daemon": selfhealingd.__version__,
            "saved_at": self._anchor.to_utc(moment.now),
            "boot": self._boot,
            "boottime": moment.boottime,
            "clean": moment.clean,
            "tasks": {"paused": sorted(moment.paused), "ended": sorted(moment.ended)},
            "engine": encode_engine(moment.host, self._anchor),
        }

    def _services(self, host: Host) -> dict[str, dict[str, Any]]:
        known = self._known
        self._known = {}
        for name, s in host.services.items():
            before = known.get(name)
            if before is None or before[0] is not s:
                before = (s, encode_service(s, self._anchor))
            self._known[name] = before
        return {name: plain for name, (_, plain) in self._known.items()}


class _Tasks(msgspec.Struct, frozen=True):
    paused: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()


class _Header(msgspec.Struct, frozen=True):
    saved_at: datetime
    boot: str
    boottime: float
    engine: dict[str, Any]
    clean: bool = False
    tasks: _Tasks = _Tasks()


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What the state file told. ``recorded``: processes that may still run."""

    host: Host
    paused: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    recorded: tuple[Recorded, ...] = ()
    notes: tuple[Note, ...] = ()


class Present(msgspec.Struct, frozen=True):
    """One moment on trio's clock, ``now``, and on that of the boot with that id."""

    now: float
    boottime: float
    boot: str


def remember(
    file: StateFile, policy: Policy, *, present: Present, seed: str
) -> Remembered:
    """Read the state file; blocks. Raises StoreError.

    ``seed`` is for the jitter of a host without a past. Where there was a state but
    none of it can be read, the engine is dormant: nothing automatic may leave dormant
    mode, and losing a file is not a person's word.
    """

    def check(document: Document) -> None:
        _decode(document, policy, present)

    loaded = file.load(check)
    if loaded.document is not None:
        remembered = _decode(loaded.document, policy, present)
        return msgspec.structs.replace(remembered, notes=loaded.notes)
    now = present.now
    anchor = Anchor(now, utc_now())
    back = Return(anchor=anchor, now=now, same_boot=False, clean=True)
    host = decode({"seed": seed}, {}, policy, back)
    if loaded.notes:
        main = open_for_good(host.main, reason=LOST, now=now)
        host = msgspec.structs.replace(host, main=main)
    return Remembered(host=host, notes=loaded.notes)


def _decode(document: Document, policy: Policy, present: Present) -> Remembered:
    try:
        header = msgspec.convert(dict(document.header), _Header)
    except msgspec.ValidationError as error:
        raise BadState(f"its header: {error}") from error
    now = present.now
    same_boot = header.boot == present.boot
    if same_boot:
        away = present.boottime - header.boottime
    else:
        away = (utc_now() - header.saved_at).total_seconds()
    # A wall clock that went back must not make the past lie in the future.
    anchor = Anchor(now - max(away, 0.0), header.saved_at)
    back = Return(anchor=anchor, now=now, same_boot=same_boot, clean=header.clean)
    try:
        host = decode(header.engine, document.services, policy, back)
    except BadSnapshot as error:
        raise BadState(str(error)) from error
    return Remembered(
        host=host,
        paused=header.tasks.paused,
        ended=header.tasks.ended,
        recorded=tuple(_recorded(document, header.boot)),
    )


def _recorded(document: Document, boot: str) -> list[Recorded]:
    found = []
    for name, service in document.services.items():
        pid, started = service.get("pid"), service.get("started")
        if isinstance(pid, int) and isinstance(started, int):
            found.append(Recorded(name, pid, started, boot))
    return found


def state_path(folder: Path) -> Path:
    """Where the state file is."""
    return folder / "state.toml"
