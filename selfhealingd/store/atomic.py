"""Replace a file so that at every instant a whole one is there, old or new."""

import contextlib
import errno
import os
import secrets
from pathlib import Path

from selfhealingd.store.errors import cannot

PREFIX = ".selfhealingd-tmp-"
"""Begins the name of every temporary file, so that those of the dead are known."""

_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


def make_folder(folder: Path, mode: int = 0o700) -> None:
    """Make ``folder`` and its parents where missing; ``mode`` is for itself alone.

    Raises StoreError.
    """
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise cannot("make folder", folder, error) from error


def remove_stale(folder: Path) -> int:
    """Remove what writers that died left in ``folder``; return how many files.

    For whoever holds the folder's lock: a living writer's file would go as well.
    Raises StoreError.
    """
    try:
        stale = [p for p in folder.iterdir() if p.name.startswith(PREFIX)]
        for path in stale:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise cannot("clean", folder, error) from error
    return len(stale)


def write(path: Path, data: bytes, *, backup: Path | None = None) -> None:
    """Replace ``path`` by ``data``, safely on disk when this returns; blocks.

    The file is for its owner alone (0600). What was there before is kept as ``backup``,
    in the same folder. Raises StoreError, and leaves the old file and no other behind.
    """
    temporary = _temporary(path.parent)
    try:
        _write_new(temporary, data)
        if backup is not None:
            _keep(path, backup)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise cannot("write", path, error) from error
    finally:
        # Gone already when all went well; when not, the first error is worth telling.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make names in ``folder`` durable; raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _temporary(folder: Path) -> Path:
    return folder / f"{PREFIX}{os.getpid()}-{secrets.token_hex(6)}"


def _write_new(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _keep(path: Path, backup: Path) -> None:
    """Give the file at ``path`` a second name, which replaces the old backup."""
    temporary = _temporary(path.parent)
    try:
        try:
            os.link(path, temporary, follow_symlinks=False)
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            _write_new(temporary, path.read_bytes())
        temporary.replace(backup)
    finally:
        # rename(2) does nothing, and leaves both names, when both are the same file:
        # so it is after a crash between here and the rename of the new file.
        temporary.unlink(missing_ok=True)
