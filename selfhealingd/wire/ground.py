"""How a folder or file is that the daemon needs: whoever looks looks alike."""

import os
import stat
from pathlib import Path

from selfhealingd.wire.checkup import PlaceDocument


def look_at(what: str, path: Path, *, write: bool = True) -> PlaceDocument:
    """Look at a folder or file as who we are; blocks as long as its disk does.

    ``write``: it has to be writable, not only readable.
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
    anyone = facts.st_mode & stat.S_IWOTH and not facts.st_mode & stat.S_ISVTX
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
