"""A config that has been checked: what the rest of the daemon works with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from selfhealingd.core.budget import Prices
from selfhealingd.core.check import Check
from selfhealingd.core.hook import Hook
from selfhealingd.core.launch import Launch
from selfhealingd.core.listening import Listening
from selfhealingd.core.policy import Policy
from selfhealingd.core.probe import Probes
from selfhealingd.core.rules.rule import Rule
from selfhealingd.core.watch import Watch
from selfhealingd.core.web import Web


class Daemon(msgspec.Struct, frozen=True, kw_only=True):
    """Places and manners of the daemon itself; ``sample_interval`` in seconds."""

    state_dir: Path
    runtime_dir: Path
    log_dir: Path
    flags_file: Path
    include: tuple[str, ...] = ()
    sample_interval: float = 5.0
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"
    orphans: Literal["keep", "stop"] = "keep"
    tasks_caution: int = 6
    tasks_overload: int = 11


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """The control socket: where it is, who may connect, who may operate.

    ``group`` is the socket's gid, None to leave it to the daemon's own.
    """

    socket: Path
    mode: int = 0o660
    group: int | None = None
    operator_uids: frozenset[int] = frozenset()
    operator_gids: frozenset[int] = frozenset()


class Llm(msgspec.Struct, frozen=True, kw_only=True):
    """Diagnosis by a model; ``timeout`` in seconds, for a call as a whole.

    ``prices`` None: what a call costs is not known.
    """

    mode: Literal["off", "advise", "act"] = "advise"
    model: str = "claude-haiku-5-5"
    endpoint: str = "https://api.anthropic.com"
    timeout: float = 30.0
    key_file: Path | None = None
    calls_per_hour: int = 6
    tokens_per_day: int = 200_000
    prices: Prices | None = None
    cost_per_day: float | None = None


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A periodic command of the operator's.

    ``every`` and ``timeout`` are seconds, ``jitter`` is a share of ``every``.
    """

    name: str
    every: float
    timeout: float
    jitter: float
    launch: Launch


class Runbook(msgspec.Struct, frozen=True, kw_only=True):
    """A command of the operator's that may heal; ``timeout`` in seconds."""

    name: str
    timeout: float
    launch: Launch


ReloadBy: TypeAlias = int | Runbook
"""How a service is told to read its own config again: by a signal or a command."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the operator wrote, with every default filled in.

    ``file`` is the main file, ``files`` are all that were read, it first. ``reloads``
    has the services that can be told to reload; ``rules`` the services that have any,
    ``probes`` those that are asked how they are. ``watches``: what others run.
    ``drills`` has the services that may be made to fail on purpose, so many times an
    hour in all, while the host is under no more pressure than that (0 to 1).
    ``secrets``: what was written as ``{ file = … }``, whatever it is for.
    """

    file: Path
    files: tuple[Path, ...]
    daemon: Daemon
    control: Control
    policy: Policy
    launches: dict[str, Launch]
    tasks: dict[str, Task]
    runbooks: dict[str, Runbook] = {}
    reloads: dict[str, ReloadBy] = {}
    rules: dict[str, tuple[Rule, ...]] = {}
    host_rules: tuple[Rule, ...] = ()
    checks: dict[str, Check] = {}
    probes: dict[str, Probes] = {}
    watches: dict[str, Watch] = {}
    drills: dict[str, bool] = {}
    max_drills_per_hour: int = 4
    max_drill_pressure: float = 0.5
    hooks: dict[str, Hook] = {}
    llm: Llm = Llm()
    secrets: tuple[str, ...] = ()
    web: Web | None = None

    @property
    def sockets(self) -> Iterator[Listening]:
        """Those that programs are handed, maybe more than once."""
        return (one for launch in self.launches.values() for one in launch.sockets)
