"""What the state file holds, and how it becomes a host again after a restart."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

import selfhealingd
from selfhealingd.clock import utc_now
from selfhealingd.core.adoption import Survivors, awaits_process
from selfhealingd.core.breaker import open_for_good
from selfhealingd.core.endpoint import Endpoint
from selfhealingd.core.host import Host, Service
from selfhealingd.core.launch import Launch
from selfhealingd.core.life import alive, pid_of
from selfhealingd.core.policy import Kind, Policy, Program
from selfhealingd.core.snapshot import (
    Anchor,
    BadSnapshot,
    Return,
    encode_breaker,
    encode_engine,
    encode_service,
    read,
    read_breaker,
    restore,
)
from selfhealingd.origins import Origin, encode_origin, origin_of, read_origin
from selfhealingd.store.codec import BadState, Document
from selfhealingd.store.statefile import Note, StateFile
from selfhealingd.supervise.leftovers import Recorded
from selfhealingd.wire.diagnosis import InVainDocument

LOST = "The state was lost: whether the engine was dormant is unknown"


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that must survive, as it is at one time.

    ``now`` and ``boottime`` are the same moment on trio's clock and on that of the
    boot. ``launched``: with what the latest runs were started, ``adopted``: the same
    of those whom an earlier daemon started. ``clean``: the daemon ends as asked, with
    everything stopped. ``llm``: the endpoint of a model.
    """

    host: Host
    programs: Mapping[str, Program]
    now: float
    boottime: float
    paused: frozenset[str]
    ended: frozenset[str]
    launched: Mapping[str, tuple[int, Launch]] = {}
    adopted: Mapping[str, Origin] = {}
    clean: bool = False
    llm: Endpoint = Endpoint()


class Memory:
    """Writes moments; encodes only what changed since the last one."""

    def __init__(self, file: StateFile, anchor: Anchor, boot: str) -> None:
        self._file = file
        self._anchor = anchor
        self._boot = boot
        self._known: dict[str, tuple[tuple[object, ...], dict[str, Any]]] = {}

    def write(self, moment: Moment) -> None:
        """Write a moment; blocks. Raises StoreError."""
        self._file.write(Document(self._header(moment), self._services(moment)))

    def _header(self, moment: Moment) -> dict[str, Any]:
        return {
            "daemon": selfhealingd.__version__,
            "saved_at": self._anchor.to_utc(moment.now),
            "boot": self._boot,
            "boottime": moment.boottime,
            "clean": moment.clean,
            "tasks": {"paused": sorted(moment.paused), "ended": sorted(moment.ended)},
            "engine": encode_engine(moment.host, self._anchor),
            "llm": {
                "breaker": encode_breaker(moment.llm.breaker, self._anchor),
                "in_vain": msgspec.to_builtins(moment.llm.in_vain),
            },
        }

    def _services(self, moment: Moment) -> dict[str, dict[str, Any]]:
        known = self._known
        self._known = {}
        for name, s in moment.host.services.items():
            program = moment.programs.get(name)
            launched = moment.launched.get(name)
            about = (s, program, launched, moment.adopted.get(name))
            before = known.get(name)
            if before is None or not _same(before[0], about):
                before = (about, self._service(*about))
            self._known[name] = before
        return {name: plain for name, (_, plain) in self._known.items()}

    def _service(
        self,
        s: Service,
        program: Program | None,
        launched: tuple[int, Launch] | None,
        origin: Origin | None,
    ) -> dict[str, Any]:
        plain = encode_service(s, self._anchor)
        if launched is not None and launched[0] == s.run and program is not None:
            origin = origin_of(*launched, program)
        if alive(s.life) and origin is not None and origin.run == s.run:
            plain["origin"] = encode_origin(origin)
        return plain


def _same(before: tuple[object, ...], now: tuple[object, ...]) -> bool:
    return all(one is other for one, other in zip(before, now, strict=True))


class _Tasks(msgspec.Struct, frozen=True):
    paused: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()


class _Llm(msgspec.Struct, frozen=True):
    breaker: dict[str, Any] = {}
    in_vain: tuple[InVainDocument, ...] = ()


class _Header(msgspec.Struct, frozen=True):
    saved_at: datetime
    boot: str
    boottime: float
    engine: dict[str, Any]
    clean: bool = False
    tasks: _Tasks = _Tasks()
    llm: _Llm = _Llm()


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What the state file told. ``host`` is as it was then, ``back`` leads to now.

    ``origins``: what runs that were alive had been started with. ``llm``: the endpoint
    of a model, as it was then.
    """

    host: Host
    back: Return
    boot: str = ""
    paused: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    origins: Mapping[str, Origin] = {}
    llm: Endpoint = Endpoint()
    notes: tuple[Note, ...] = ()

    @property
    def recorded(self) -> dict[str, Recorded]:
        """The latest run of each program, with the process that it had; no watches."""
        return {
            s.name: Recorded(
                program=s.name,
                run=s.run,
                pid=pid_of(s.life),
                started=s.started,
                awaited=awaits_process(s.life),
                boot=self.boot,
            )
            for s in self.host.services.values()
            if s.kind is Kind.PROGRAM
        }

    def bring_back(self, policy: Policy, survivors: Survivors) -> Host:
        """Return the host as it should go on."""
        return restore(
            self.host, policy, msgspec.structs.replace(self.back, survivors=survivors)
        )


class Present(msgspec.Struct, frozen=True):
    """One moment on trio's clock, ``now``, and on that of the boot with that id."""

    now: float
    boottime: float
    boot: str


def remember(file: StateFile, *, present: Present, seed: str) -> Past:
    """Read the state file; blocks. Raises StoreError.

    ``seed`` is for the jitter of a host without a past. Where there was a state but
    none of it can be read, the engine is dormant: nothing automatic may leave dormant
    mode, and losing a file is not a person's word.
    """

    def check(document: Document) -> None:
        _decode(document, present)

    loaded = file.load(check)
    if loaded.document is not None:
        past = _decode(loaded.document, present)
        return msgspec.structs.replace(past, notes=loaded.notes)
    now = present.now
    anchor = Anchor(now, utc_now())
    host = Host(seed=seed)
    if loaded.notes:
        main = open_for_good(host.main, reason=LOST, now=now)
        host = msgspec.structs.replace(host, main=main)
    back = Return(anchor=anchor, now=now, same_boot=False, clean=True)
    return Past(host=host, back=back, notes=loaded.notes)


def _decode(document: Document, present: Present) -> Past:
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
    try:
        host = read(header.engine, document.services, anchor)
        breaker = read_breaker(header.llm.breaker, anchor)
    except BadSnapshot as error:
        raise BadState(str(error)) from error
    return Past(
        host=host,
        back=Return(anchor=anchor, now=now, same_boot=same_boot, clean=header.clean),
        boot=header.boot,
        paused=header.tasks.paused,
        ended=header.tasks.ended,
        llm=Endpoint(breaker=breaker, in_vain=header.llm.in_vain),
        origins={
            name: origin
            for name, plain in document.services.items()
            if (origin := read_origin(plain.get("origin"))) is not None
        },
    )


def state_path(folder: Path) -> Path:
    """Where the state file is."""
    return folder / "state.toml"
