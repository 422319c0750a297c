"""Who looks whether services are well, and what each of them is told.

What an observer sees it reports as ``Sickened`` and ``Recovered`` through the inbox.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from selfhealingd import logs

log = logs.get("Observer")


class Observer(Protocol):
    """Looks after runs that are up, from ``begin`` to ``end``; blocks in neither."""

    def begin(self, service: str, run: int, pid: int) -> None:
        """Look whether a run is well from now on; an earlier run of it is over."""

    def end(self, service: str) -> None:
        """Look no more: it is not up, or not in the config, any more."""


class Observers:
    """Tells all of them; one that fails harms no other.

    ``started`` is told each start, of what may never be up.
    """

    def __init__(
        self,
        observers: Iterable[Observer] = (),
        started: Callable[[str, int], None] | None = None,
    ) -> None:
        self._observers = tuple(observers)
        self._started = started

    def start(self, service: str, run: int) -> None:
        """Let a start be counted."""
        if self._started is None:
            return
        try:
            self._started(service, run)
        except Exception:
            log.exception(f"{service}: a defect of ours: its start is not counted")

    def observe(self, service: str, run: int, pid: int | None) -> None:
        """Let a run be looked after, or not any more (``pid`` None)."""
        for observer in self._observers:
            try:
                if pid is None:
                    observer.end(service)
                else:
                    observer.begin(service, run, pid)
            except Exception:
                log.exception(f"{service}: a defect of ours: it is not looked after")
