"""What can go wrong with output, in words for people."""

import errno
import os


class OutputError(Exception):
    """Output cannot be taken over, written or shown now; nothing of it is lost.

    Its text says what could not be done, why, and what to do about it.
    """


_ADVICE = {
    errno.ENOSPC: "make room on it, and writing goes on by itself",
    errno.EDQUOT: "make room or raise the quota, and writing goes on by itself",
    errno.EROFS: "mount it for writing, or name a log elsewhere",
    errno.EACCES: "permit the daemon's user to write there, or name a log elsewhere",
    errno.EPERM: "permit the daemon's user to write there, or name a log elsewhere",
    errno.EIO: "look for errors of the disk (dmesg)",
    errno.EFBIG: "rotate it (stdout_logfile_maxbytes), or raise the file size limit",
    errno.ENOTDIR: "a part of its path is a file; name a log elsewhere",
    errno.EISDIR: "name a file in it",
    errno.ELOOP: "it is a symbolic link; name the file that it leads to",
    errno.EMFILE: "the daemon has no file descriptor left; raise its limit (ulimit -n,"
    " or LimitNOFILE= in its unit)",
    errno.ENFILE: "the host has no file descriptor left; raise the sysctl fs.file-max",
}


def worded(what: str, error: Exception) -> OutputError:
    """Return an error that says ``what`` cannot be done, why, and what to do."""
    number = error.errno if isinstance(error, OSError) else None
    reason = str(error) if number is None else os.strerror(number).lower()
    advice = None if number is None else _ADVICE.get(number)
    return OutputError(f"cannot {what}: {reason}" + (f"; {advice}" if advice else ""))
