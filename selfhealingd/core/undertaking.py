"""What a person asked for that takes several turns, one after the other."""

from enum import Enum

import msgspec

from selfhealingd.core.breaker import By


class Verb(Enum):
    """What is done to each program."""

    RESTART = "restart"
    STOP = "stop"
    RUN = "run"


class Undertaking(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One verb for several programs, a few at a time.

    ``number``: of the operation, as its daemon counts. ``options``: what stands between
    the verb and the names. ``left``: those of ``names`` whose turn is still to come.
    """

    number: int
    verb: Verb
    options: str = ""
    names: tuple[str, ...]
    left: tuple[str, ...]
    by: By

    @property
    def command(self) -> str:
        """How it was typed, without the names."""
        return f"{self.verb.value} {self.options}".rstrip()
