"""Which process each program's latest run has, noted the moment that it is started.

The state file knows it up to a second later, and not at all while it can't be written.
A crash in between must not make a program a stranger: so it is noted beside the FIFOs,
where it needs to outlive the daemon, but no power cut.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from selfhealingd.supervise.identity import Identity
from selfhealingd.supervise.leftovers import Recorded

_FOLDER = "runs"


class Notes:
    """The notes of one daemon, in a folder below ``folder``; ``boot`` is its boot."""

    def __init__(self, folder: Path, boot: str) -> None:
        self._folder = folder / _FOLDER
        self._boot = boot

    def put(self, program: str, run: int, identity: Identity) -> None:
        """Note a run's process. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        words = f"{run} {identity.pid} {identity.started} {self._boot}\n"
        # Not by rename: half of a note is none, and then marks have to do.
        (self._folder / program).write_text(words)

    def read(self) -> Iterator[Recorded]:
        """Give what was noted since this boot; half a note is nothing."""
        with suppress(OSError):
            for file in self._folder.iterdir():
                note = _parse(file)
                if note is not None and note.boot == self._boot:
                    yield note


def _parse(file: Path) -> Recorded | None:
    try:
        text = file.read_text()
        run, pid, started, boot = text.split()
        numbers = int(run), int(pid), int(started)
    except (OSError, ValueError):
        return None
    if not text.endswith("\n"):
        return None
    return Recorded(file.name, *numbers, awaited=False, boot=boot)


def latest(
    recorded: Mapping[str, Recorded], notes: Iterable[Recorded]
) -> dict[str, Recorded]:
    """Return what the state file recorded, or what was noted since, by program."""
    found = dict(recorded)
    for note in notes:
        record = found.get(note.program)
        if (
            record is None
            or note.run > record.run
            or (note.run == record.run and record.awaited)
        ):
            found[note.program] = note
    return found
