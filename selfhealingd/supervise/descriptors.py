"""How many files the daemon may hold open, and what its programs inherit of that.

A daemon with many programs needs more than the usual soft limit of 1,024. Its programs
must not get that: one that uses select(2) fails beyond 1,024, one that closes all
numbers up to its limit takes long. So each starts with what the daemon was given.
"""

import resource
from collections.abc import Mapping

_NOFILE = resource.RLIMIT_NOFILE


class Descriptors:
    """The limit of this process; there is but one of it."""

    def __init__(self) -> None:
        self._given: int | None = None

    def allow(self, needed: int) -> int:
        """Raise the soft limit where it is less; return the one now in force.

        It ends at the hard one. Returns ``needed`` if there is no limit.
        """
        soft, hard = resource.getrlimit(_NOFILE)
        if soft == resource.RLIM_INFINITY:
            return needed
        if soft >= needed:
            return soft
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        if most > soft:
            resource.setrlimit(_NOFILE, (most, hard))
            self._given = soft if self._given is None else self._given
        return most

    def inherited(self) -> Mapping[int, tuple[int, int]]:
        """Return the limits that a child has to be given, as setrlimit(2) takes them.

        Empty if it has them anyway.
        """
        if self._given is None:
            return {}
        _, hard = resource.getrlimit(_NOFILE)
        return {_NOFILE: (self._given, hard)}


DESCRIPTORS = Descriptors()
