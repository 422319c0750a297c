"""How a folder or file is that the daemon needs: whoever looks looks alike."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeAlias

from selfhealingd.wire.checkup import PlaceDocument

Look: TypeAlias = Callable[[], PlaceDocument]


def look_at(
    what: str, path: Path, *, write: bool = True, adding: bool = False
) -> PlaceDocument:
    """Look at a folder or file as who we are; blocks as long as its disk does.

    ``write``: it has to be writable, not only readable. ``adding``: whoever adds a file
    to it has a say.
    """
    try:
        facts, fs = path.stat(), os.statvfs(path)
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
        return PlaceDocument(what=what, path=str(path), problem=problem)
    wanted = os.R_OK | (os.W_OK if write else 0)
    if stat.S_ISDIR(facts.st_mode):
        wanted |= os.X_OK
    need = "written" if write else "read"
    # In a folder with the sticky bit, such as /tmp, files stay their owners'.
    sticky = facts.st_mode & stat.S_ISVTX and not adding
    anyone = facts.st_mode & stat.S_IWOTH and not sticky
    return PlaceDocument(
        what=what,
        path=str(path),
        problem=None if os.access(path, wanted) else f"it can't be {need}",
        exposed=bool(anyone),
        device=facts.st_dev,
        free=fs.f_bavail * fs.f_frsize,
        total=fs.f_blocks * fs.f_frsize,
        free_inodes=fs.f_favail,
        total_inodes=fs.f_files,
    )


def folders_of(
    files: Iterable[Path], folder: Path, include: Iterable[str]
) -> Iterator[tuple[Path, Look]]:
    """Yield a look at each folder from which config and flags come.

    ``folder``: what the patterns of ``include`` are relative to. Whoever may write one
    of them has anything run as the daemon.
    """
    added = {(folder / pattern).parent for pattern in include}
    found = {path for path in added if path.is_dir()}
    near = {file.parent for file in files if file.parent.is_dir()}
    for path in sorted(found | near):
        look = partial(
            look_at, "config folder", path, write=False, adding=path in found
        )
        yield path, look
