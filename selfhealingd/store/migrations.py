"""From the state files of older daemons to the present form, pure.

A change that would make a present daemon misread an older file takes a new version, and
so a new step here. A key that may be missing takes none. ``tests/daemon/states`` keeps
a file of each version, on which a daemon must start.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

Plain: TypeAlias = dict[str, Any]
Step: TypeAlias = Callable[[Plain], Plain]

STEPS: tuple[Step, ...] = ()
"""The first makes version 2 of version 1, and so on; ``version`` itself is not in what
they get. A LookupError, TypeError or ValueError means that the file is damaged."""

VERSION = 1 + len(STEPS)
"""What this daemon writes."""


def lift(plain: Plain, version: int, steps: Sequence[Step] = STEPS) -> Plain:
    """Return a file's content, written as ``version`` (from 1), in the last form."""
    for step in steps[version - 1 :]:
        plain = step(plain)
    return plain
