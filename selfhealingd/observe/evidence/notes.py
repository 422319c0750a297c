"""What was found so far, by threads that may be given up."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class Notes:
    """Fills up with one part after the other; a part that fails harms no other."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}
        self._missing: dict[str, str] = {}
        self._doing: set[str] = set()

    def take(self, part: str, read: Callable[[], object]) -> None:
        """Read one part, and note it under its name; what is empty is not noted."""
        with self.doing(part):
            try:
                value = read()
            except OSError as error:
                self.miss(part, (error.strerror or str(error)).lower())
            except (ValueError, IndexError) as error:
                self.miss(part, f"not understood: {error}")
            else:
                self.note(part, value)

    @contextmanager
    def doing(self, part: str) -> Iterator[None]:
        """Look for a part in the block; cancelled there, it counts as given up."""
        self._doing.add(part)
        try:
            yield
        except Exception:
            self._doing.discard(part)
            raise
        self._doing.discard(part)

    def note(self, part: str, value: object) -> None:
        """Take what is known, unless it says nothing."""
        if value is not None and value not in ("", (), {}):
            self._found[part] = value

    def miss(self, part: str, why: str) -> None:
        """Note that a part can't be had."""
        self._missing[part] = why

    def give_up(self, why: str) -> None:
        """Note that nobody waits any more for what is still looked for."""
        for part in tuple(self._doing):
            self.miss(part, why)

    @property
    def found(self) -> Mapping[str, Any]:
        """All parts that were found until now."""
        return dict(self._found)

    @property
    def missing(self) -> dict[str, str]:
        """All parts that were looked for in vain, and why."""
        return dict(self._missing)
