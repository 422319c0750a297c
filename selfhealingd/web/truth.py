"""The status, made no more often than the daemon can afford, however many ask."""

import trio

from selfhealingd.web.backend import Backend
from selfhealingd.wire.documents import Status

SHARE = 10
"""A status is good for so many times as long as it took to make: at most a tenth of
the daemon's time goes into them. With ten programs that is some milliseconds."""


class Truth:
    """What everybody who looks is shown."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._made: Status | None = None
        self.due = 0.0
        """When it will be made anew, on trio's clock."""

    async def status(self) -> Status:
        """Return a status that is as good as new; it is true of what is on disk."""
        now = trio.current_time()
        if self._made is None or now >= self.due:
            self._made = self._backend.status()
            done = trio.current_time()
            self.due = done + SHARE * (done - now)
        status = self._made
        await self._backend.settled()
        return status

    def forget(self) -> None:
        """Make it anew next time: somebody changed something."""
        self.due = 0.0
