"""What a look at a watch shows."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from selfhealingd.supervise.identity import Identity


@dataclass(frozen=True, slots=True)
class Up:
    """It has this process."""

    identity: Identity


@dataclass(frozen=True, slots=True)
class Down:
    """It has none; ``words`` say what was seen. ``final``: nothing is on its way."""

    words: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Busy:
    """It is in somebody's hands: nothing is known to be wrong."""

    words: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Whoever knows how it is can't be asked, so that nothing follows."""

    words: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Somebody stopped it, and wants it so."""

    words: str


Sight: TypeAlias = Up | Down | Busy | Unknown | Withdrawn


class Eye(Protocol):
    """Finds a watch's process. Not for two lookers at a time."""

    async def look(self) -> Sight:
        """Say how things are; waits a few seconds at most."""

    async def news(self) -> None:
        """Return when a look may show something else; soon, where nothing tells."""

    def died(self, identity: Identity) -> None:
        """Take in that a process has ended, which was found before."""
