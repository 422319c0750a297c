"""What each run was started with, as far as a later daemon has to know.

The config may change while no daemon is there to notice. Then this tells which runs
have other settings than those written now, and how to end a run that is written
nowhere any more. No secret is in it: of command and environment there is but a hash.
"""

import os
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from selfhealingd.core.launch import Launch
from selfhealingd.core.output import Elsewhere, LogTo, Target
from selfhealingd.core.policy import Autorestart, Program

_HASH_BYTES = 12


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run's. ``launch``: the hash of its settings. ``uid``: None for our own.

    ``stdout`` and ``stderr`` are the path of a log that is rotated as by default, any
    other log, or the name of what is none; ``stderr`` None: it goes with stdout.
    """

    run: int
    launch: str
    uid: int | None = None
    stdout: LogTo | str = Elsewhere.NOWHERE.name
    stderr: LogTo | str | None = None
    stopsignal: int = 15
    stopwaitsecs: float = 10.0
    stopasgroup: bool = True
    killasgroup: bool = True
    group: str | None = None

    def program(self, name: str) -> Program:
        """What is known of it as a program that the config has no more."""
        return Program(
            name=name,
            autostart=False,
            autorestart=Autorestart.NEVER,
            stopsignal=self.stopsignal,
            stopwaitsecs=self.stopwaitsecs,
            stopasgroup=self.stopasgroup,
            killasgroup=self.killasgroup,
            group=self.group,
        )

    def ghost(self) -> Launch:
        """Return where its output goes on to; there is nothing to start it with."""
        stderr = None if self.stderr is None else _target(self.stderr)
        return Launch(argv=(), stdout=_target(self.stdout), stderr=stderr)


UNKNOWN = Origin(run=0, launch="")
"""Of a run that is known by its marks alone."""


class Origins:
    """Those of the latest runs, by program; for the loop's thread."""

    def __init__(self, adopted: Mapping[str, Origin]) -> None:
        self.adopted = dict(adopted)
        """Runs that an earlier daemon started, perhaps over by now."""
        self._launched: dict[str, tuple[int, Launch]] = {}
        self._hashes: dict[str, tuple[Launch, str]] = {}

    def note(self, name: str, run: int, launch: Launch) -> None:
        """Take in that a run is being started."""
        self.adopted.pop(name, None)
        self._launched[name] = (run, launch)

    def launched(self) -> dict[str, tuple[int, Launch]]:
        """Return the runs of this daemon, with what they were started with."""
        return dict(self._launched)

    def outdated(self, name: str, run: int, wanted: Launch) -> bool | None:
        """Whether a run that was adopted has other settings; None if it wasn't."""
        origin = self.adopted.get(name)
        if origin is None or origin.run != run or not origin.launch:
            return None
        known = self._hashes.get(name)
        if known is None or known[0] is not wanted:
            known = self._hashes[name] = (wanted, fingerprint(wanted))
        return known[1] != origin.launch


def origin_of(run: int, launch: Launch, program: Program) -> Origin:
    """Return what is to be remembered of a run."""
    return Origin(
        run=run,
        launch=fingerprint(launch),
        uid=None if launch.credentials is None else launch.credentials.uid,
        stdout=_plain(launch.stdout),
        stderr=None if launch.stderr is None else _plain(launch.stderr),
        stopsignal=program.stopsignal,
        stopwaitsecs=program.stopwaitsecs,
        stopasgroup=program.stopasgroup,
        killasgroup=program.killasgroup,
        group=program.group,
    )


def fingerprint(launch: Launch) -> str:
    """Return what is the same for the same settings alone, in any order."""
    plain = msgspec.json.encode(launch, enc_hook=os.fspath, order="deterministic")
    return blake2b(plain, digest_size=_HASH_BYTES).hexdigest()


def read_origin(plain: object) -> Origin | None:
    """Read it as it was written; None where it can't be, which harms little."""
    try:
        return msgspec.convert(plain, Origin, dec_hook=lambda _, path: Path(path))
    except msgspec.ValidationError:
        return None


def encode_origin(origin: Origin) -> dict[str, Any]:
    """Return it as values that TOML knows."""
    plain: dict[str, Any] = msgspec.to_builtins(origin, enc_hook=os.fspath)
    return {key: value for key, value in plain.items() if value is not None}


def _plain(target: Target) -> LogTo | str:
    if not isinstance(target, LogTo):
        return target.name
    return str(target.path) if target == LogTo(path=target.path) else target


def _target(plain: LogTo | str) -> Target:
    if isinstance(plain, LogTo):
        return plain
    if plain.startswith("/"):
        return LogTo(path=Path(plain))
    return Elsewhere.__members__.get(plain, Elsewhere.NOWHERE)
