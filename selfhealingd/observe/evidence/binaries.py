"""The files that a program is made of, and when each of them was changed."""

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

MOST = 8


def changed_at(
    argv: Sequence[str], *, directory: Path | None, search: str | None
) -> dict[str, float]:
    """Return the wall time at which each file that a command names was changed.

    The command itself, and what of its arguments is a file: a script, a config.
    ``search``: the PATH in which it is found. May block on a dead disk.
    """
    found: dict[str, float] = {}
    for path in _files(argv, directory or Path.cwd(), search):
        try:
            status = path.stat()
        except (OSError, ValueError):
            continue  # no file, but a word of its own meaning
        if stat.S_ISREG(status.st_mode) and len(found) < MOST:
            # A rename brings an old time of its own along; that of the inode tells.
            found[str(path)] = max(status.st_mtime, status.st_ctime)
    return found


def _files(argv: Sequence[str], folder: Path, search: str | None) -> Iterator[Path]:
    if not argv:
        return
    command = argv[0]
    if os.sep in command:
        yield folder / command
    elif (path := shutil.which(command, path=search)) is not None:
        yield Path(path)
    for word in argv[1:]:
        _, _, value = word.rpartition("=")
        if value and not value.startswith("-"):
            yield folder / value
