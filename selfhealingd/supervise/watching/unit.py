"""The main process of a service unit of systemd's."""

import trio

from selfhealingd.core.launch import Launch
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.identity import Identity, read_stat
from selfhealingd.supervise.run import run_to_end
from selfhealingd.supervise.watching.manager import CannotAsk, Manager
from selfhealingd.supervise.watching.sight import (
    Busy,
    Down,
    Sight,
    Unknown,
    Up,
    Withdrawn,
)

LOOK_SECS = 2.0
"""From one question to the next where no answer comes by itself: by ``systemctl``."""

_ASK_SECS = 10.0
_ASKED = ("LoadState", "ActiveState", "SubState", "Result", "MainPID")


class UnitEye:
    """Looks at one unit."""

    def __init__(self, name: str, manager: Manager) -> None:
        self._name = name
        self._manager = manager
        self._version: int | None = None

    async def look(self) -> Sight:
        """Ask its manager, one way or the other."""
        self._version = self._manager.version(self._name)
        try:
            return judge(self._name, await self._manager.facts(self._name))
        except CannotAsk:
            self._version = None
            return await self._ask_otherwise()

    async def _ask_otherwise(self) -> Sight:
        argv = ("systemctl", "show", f"--property={','.join(_ASKED)}", self._name)
        launch = Launch(argv=argv, environment={"LC_ALL": "C"})
        try:
            ran = await run_to_end(launch, {}, timeout=_ASK_SECS)
        except SpawnError as error:
            return Unknown(f"cannot ask systemd: {error}")
        problem = ran.problem(_ASK_SECS)
        if problem is not None:
            return Unknown(f"cannot ask systemd: {problem}")
        lines = (line.partition("=") for line in ran.tail.splitlines())
        return judge(self._name, {key: value for key, _, value in lines})

    async def news(self) -> None:
        """Wait until it has changed; a moment, where that is not told."""
        if self._version is None:
            await trio.sleep(LOOK_SECS)
        else:
            await self._manager.moved(self._name, self._version)

    def died(self, identity: Identity) -> None:
        """Nothing to learn from: its manager knows."""


def judge(name: str, facts: dict[str, str]) -> Sight:
    """Say what a unit's properties mean; their names are systemd's.

    Inactive after a success is a unit that was stopped, or not started since the boot:
    both are their operator's business.
    """
    state, pid = facts.get("ActiveState", ""), facts.get("MainPID", "0")
    loaded = facts.get("LoadState", "")
    if loaded not in {"loaded", "masked"}:
        return Down(f"{name} cannot be loaded: it is {loaded or 'unknown'}", final=True)
    match state:
        case "active" | "reloading":
            stat = read_stat(int(pid)) if pid.isdigit() and pid != "0" else None
            if stat is None or stat.gone:
                return Busy(f"{name} is {state}, but has no main process now")
            return Up(stat.identity)
        case "failed":
            return Down(f"{name} failed: {facts.get('Result')}", final=True)
        case "inactive" if facts.get("Result") == "success":
            words = "masked" if loaded == "masked" else "stopped"
            return Withdrawn(f"{name} is {words}")
        case "inactive":
            return Down(f"{name} is inactive: {facts.get('Result')}", final=True)
        case _:
            return Busy(f"{name} is {state} ({facts.get('SubState')})")
