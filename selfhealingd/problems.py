"""What the shell knows to be wrong: one entry a cause, gone when the cause is."""

import trio

from selfhealingd.core.report import Problem


class Problems:
    """Problems by cause; a cause that is told again replaces what was told before."""

    def __init__(self) -> None:
        self.changed = trio.Event()
        """Set at the next change; then there is a new one."""
        self._by_cause: dict[str, Problem] = {}

    def set(self, cause: str, words: str, do: str, *, critical: bool = False) -> None:
        """Note that something is wrong, and what to type about it."""
        self._by_cause[cause] = Problem(words=words, do=do, critical=critical)
        self._tell()

    def clear(self, cause: str) -> None:
        """Note that it isn't any more."""
        self._by_cause.pop(cause, None)
        self._tell()

    def __contains__(self, cause: str) -> bool:
        return cause in self._by_cause

    def all(self) -> tuple[Problem, ...]:
        """All there are, in the order in which they came up."""
        return tuple(self._by_cause.values())

    def _tell(self) -> None:
        self.changed.set()
        self.changed = trio.Event()
