"""Cut a stream of bytes into lines. Knows nothing of where they come from or go."""

LONGEST = 64 * 1024
MARK = " …".encode()
"""Stands at the end of each part of a line too long to be passed on whole."""


class Lines:
    """A stream's lines so far; the start of one that has not ended is ``partial``."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self.partial = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that end in ``data``, without their ends.

        Of a line longer than the longest, parts are returned as they fill up, marked.
        """
        *whole, self.partial = (self.partial + data).split(b"\n")
        lines = [part for line in whole for part in self._parts(line)]
        *full, self.partial = self._parts(self.partial)
        return lines + full

    def flush(self) -> list[bytes]:
        """Return the line that has not ended, if there is one."""
        rest, self.partial = self.partial, b""
        return [rest] if rest else []

    def _parts(self, line: bytes) -> list[bytes]:
        cuts = range(0, max(len(line), 1), self._longest)
        parts = [line[cut : cut + self._longest] for cut in cuts]
        return [part + MARK for part in parts[:-1]] + parts[-1:]
