"""Looking at one watch, and telling when it can't be looked at for a while."""

from collections.abc import Callable

import trio

from selfhealingd.supervise.watching.sight import Eye, Sight, Unknown

BLIND_SECS = 5.0
"""How long nothing may be seen before it is told: systemd may have begun anew."""


class Gaze:
    """What an ``eye`` sees of a watch; never raises.

    ``blind`` is told why nothing can be seen, and None once it can.
    """

    def __init__(
        self, name: str, eye: Eye, blind: Callable[[str, str | None], None]
    ) -> None:
        self._name = name
        self._eye = eye
        self._blind = blind
        self._since: float | None = None
        self._told: str | None = None

    async def look(self) -> Sight:
        """Return what is to be seen now."""
        try:
            sight = await self._eye.look()
        except OSError as error:  # such as no descriptor left
            sight = Unknown(f"cannot look: {error}")
        self._note(sight)
        return sight

    def _note(self, sight: Sight) -> None:
        now, words = trio.current_time(), None
        if not isinstance(sight, Unknown):
            self._since = None
        elif self._since is None:
            self._since = now
        elif now >= self._since + BLIND_SECS:
            words = sight.words
        if words != self._told:
            self._told = words
            self._blind(self._name, words)
