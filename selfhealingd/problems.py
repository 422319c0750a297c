"""What the shell knows to be wrong: one entry a cause, gone when the cause is."""

from selfhealingd.core.report import Problem


class Problems:
    """Problems by cause; a cause that is told again replaces what was told before."""

    def __init__(self) -> None:
        self._by_cause: dict[str, Problem] = {}

    def set(self, cause: str, words: str, do: str, *, critical: bool = False) -> None:
        """Note that something is wrong, and what to type about it."""
        self._by_cause[cause] = Problem(words=words, do=do, critical=critical)

    def clear(self, cause: str) -> None:
        """Note that it isn't any more."""
        self._by_cause.pop(cause, None)

    def all(self) -> tuple[Problem, ...]:
        """All there are, in the order in which they came up."""
        return tuple(self._by_cause.values())
