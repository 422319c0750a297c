"""The state file with its backup: read what is whole, set aside what is damaged."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from selfhealingd.clock import utc_now
from selfhealingd.store import atomic
from selfhealingd.store.codec import BadState, Document, Encoder, decode
from selfhealingd.store.errors import NewerState, cannot, reason

KEPT_DAMAGED = 5

Check = Callable[[Document], object]


class Note(msgspec.Struct, frozen=True):
    """One thing that an operator must know about the state that was read."""

    words: str


class Loaded(msgspec.Struct, frozen=True):
    """``document`` is None when nothing is known of before."""

    document: Document | None
    notes: tuple[Note, ...] = ()


class StateFile:
    """``state.toml`` and beside it ``state.toml.backup``, the one before.

    For one process (see ``lock``) and one thread at a time.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.backup = path.with_name(f"{path.name}.backup")
        self._encoder = Encoder()

    def write(self, document: Document) -> None:
        """Replace the file, keeping the one before as backup; blocks.

        Raises StoreError; then the old file is still there.
        """
        atomic.write(self.path, self._encoder.encode(document), backup=self.backup)

    def load(self, check: Check | None = None) -> Loaded:
        """Read the state, or its backup when it is damaged or missing; blocks.

        ``check`` may look at a document and raise BadState, which counts as damage. A
        damaged file is kept as ``state.toml.damaged-TIME`` and never overwritten; the
        oldest of more than five is removed. No document but notes: all was lost.

        Raises StoreError when a file is there and cannot be read, NewerState when it is
        too new: neither may be overwritten.
        """
        document, found, notes = self._try(self.path, check)
        if document is not None:
            return Loaded(document)
        older, found_backup, more = self._try(self.backup, check)
        notes += more
        if older is not None:
            if not found:
                notes += (Note(f"{self.path} is missing."),)
            used = f"The backup {self.backup} is used: the last changes may be lost."
            return Loaded(older, (*notes, Note(used)))
        if found or found_backup:
            notes += (Note("Nothing is known of before: started with no state."),)
        return Loaded(None, notes)

    def _try(
        self, path: Path, check: Check | None
    ) -> tuple[Document | None, bool, tuple[Note, ...]]:
        """Return the document if there is a whole one, and whether there was a file."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None, False, ()
        except OSError as error:
            raise cannot("read", path, error) from error
        try:
            document = decode(data)
            if check is not None:
                check(document)
        except NewerState as error:
            raise NewerState(f"cannot use {path}: {error}") from error
        except BadState as error:
            return None, True, (self._set_aside(path, str(error)),)
        return document, True, ()

    def _set_aside(self, path: Path, why: str) -> Note:
        aside = _free_name(path, utc_now())
        try:
            if path == self.backup:
                # Both are damaged. That is said at every start until there is a new
                # state: without either file the next one would pass for the first.
                aside.hardlink_to(path)
            else:
                path.rename(aside)
            atomic.sync_folder(path.parent)
            for old in sorted(path.parent.glob(_damaged(path) + "*"))[:-KEPT_DAMAGED]:
                old.unlink(missing_ok=True)
        except OSError as error:
            return Note(
                f"{path} is damaged: {why}. It could not be set aside: {reason(error)}."
            )
        return Note(f"{path} is damaged: {why}. It was set aside as {aside}.")


def _damaged(path: Path) -> str:
    return f"{path.name}.damaged-"


def _free_name(path: Path, now: datetime) -> Path:
    """Name a file that does not exist; names sort by age."""
    while True:
        aside = path.with_name(f"{_damaged(path)}{now:%Y%m%dT%H%M%S.%fZ}")
        if not aside.exists():
            return aside
        now += timedelta(microseconds=1)
