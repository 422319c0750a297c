"""All watches: who is looked at, by the config in force."""

from collections.abc import Mapping
from typing import assert_never

import trio

from selfhealingd.core.effects import Order
from selfhealingd.core.watch import Match, Pidfile, Unit, Watch
from selfhealingd.supervise.watching.manager import Manager
from selfhealingd.supervise.watching.match import MatchEye
from selfhealingd.supervise.watching.pidfile import PidfileEye
from selfhealingd.supervise.watching.sight import Eye
from selfhealingd.supervise.watching.unit import UnitEye
from selfhealingd.supervise.watching.watcher import Around, Watcher

_AGAIN_SECS = 5.0


class Watching:
    """One ``Watcher`` for each watch, in a task of its own: one harms no other."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._manager = Manager(around.nursery)
        self._watchers: dict[str, tuple[Watcher, trio.CancelScope]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._watchers

    def sync(self, watches: Mapping[str, Watch], runs: Mapping[str, int]) -> None:
        """Look at these, and no more at others; ``runs``: their latest run so far."""
        for name in self._watchers.keys() - watches.keys():
            self._watchers.pop(name)[1].cancel()
            self._around.blind(name, None)
        for name, watch in watches.items():
            known = self._watchers.get(name)
            if known is None:
                self._begin(name, watch, run=runs.get(name, 0), up=False)
            elif known[0].watch.sought == watch.sought:
                known[0].watch = watch
            else:
                known[1].cancel()
                self._around.blind(name, None)
                self._begin(name, watch, run=known[0].run, up=known[0].up)

    def start(self, name: str, run: int, *, look: bool) -> None:
        """Start a run, or look whether it is there; its events are reported."""
        self._watchers[name][0].start(run, look=look)

    def signal(self, name: str, run: int, signo: int) -> None:
        """Signal the process of a run, if it is still that."""
        watcher = self._watchers[name][0]
        if watcher.run == run:
            watcher.signal(signo)

    def order(self, name: str, order: Order, signo: int) -> None:
        """Have a watch end, or end and come back."""
        self._watchers[name][0].order(order, signo)

    def _begin(self, name: str, watch: Watch, *, run: int, up: bool) -> None:
        watcher = self._watcher(name, watch, run=run, up=up)
        scope = trio.CancelScope()
        self._watchers[name] = watcher, scope
        self._around.nursery.start_soon(self._attend, name, watcher, scope)

    def _watcher(self, name: str, watch: Watch, *, run: int, up: bool) -> Watcher:
        return Watcher(name, watch, self._eye(watch), self._around, run=run, up=up)

    def _eye(self, watch: Watch) -> Eye:
        match watch.sought:
            case Pidfile(path=path):
                return PidfileEye(path)
            case Match(pattern=pattern):
                return MatchEye(pattern)
            case Unit(name=name):
                return UnitEye(name, self._manager)
            case _:
                assert_never(watch.sought)

    async def _attend(
        self, name: str, watcher: Watcher, scope: trio.CancelScope
    ) -> None:
        with scope:
            while True:
                try:
                    await watcher.attend()
                except Exception as defect:  # noqa: BLE001 - told, and begun anew
                    self._around.trouble(name, f"a defect of ours: {defect!r}")
                await trio.sleep(_AGAIN_SECS)
