"""What can go wrong with files, in words for a person."""

import errno
import os
from pathlib import Path

_REASONS = {
    errno.ENOSPC: "no space is left on its file system; free some",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EFBIG: "the file would grow over the allowed size (see ulimit -f)",
    errno.EROFS: "its file system is read-only; remount it read-write",
    errno.EIO: "the disk reports an error; look at the kernel log (dmesg)",
    errno.ENOENT: "there is no such folder",
    errno.ELOOP: "it is a symbolic link, which is not followed",
    errno.ENOLCK: "its file system cannot lock files; choose a local one",
}


class StoreError(Exception):
    """A file could not be read or written; the text names it and says why."""


class NewerState(StoreError):
    """The state was written by a newer daemon and is left as it is."""


def reason(error: OSError) -> str:
    """Say why, and what to do where that is known."""
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"uid {os.geteuid()} has no permission; see its owner and mode"
    if error.errno in _REASONS:
        return _REASONS[error.errno]
    return (error.strerror or str(error)).lower()


def cannot(verb: str, path: Path, error: OSError) -> StoreError:
    """Make the error for a deed on ``path``: "cannot write /x: no space is left"."""
    return StoreError(f"cannot {verb} {path}: {reason(error)}")
