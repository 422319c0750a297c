"""Why a command did not start: from an errno to words that help.

The kernel says ENOENT for a missing command, a missing interpreter and a missing
loader alike; a look at the files afterwards tells them apart.
"""

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from selfhealingd.core.launch import Launch

_SCARCE = {
    errno.EMFILE: "the daemon has no file descriptor left; raise its limit (ulimit -n,"
    " or LimitNOFILE= in its unit)",
    errno.ENFILE: "the host has no file descriptor left; raise the sysctl fs.file-max,"
    " or find who holds them (lsof)",
    errno.EAGAIN: "no further process is allowed; raise the limit that is reached"
    " (ulimit -u, TasksMax= of the unit, pids.max of the cgroup)",
    errno.ENOMEM: "the host has too little free memory to start a process; free some,"
    " or raise the memory limit of the daemon's cgroup",
    errno.E2BIG: "its arguments and environment are too long for the kernel;"
    " shorten them",
}
_HEAD = 256  # as much of a script as the kernel reads to find its interpreter


def explain(error: OSError, launch: Launch, environment: Mapping[str, str]) -> str:
    """Say why ``launch`` failed with ``error``, and what to do.

    ``environment`` is the program's, in whose PATH the command was searched.
    """
    return f"cannot start {launch.argv[0]!r}: {_reason(error, launch, environment)}"


def _reason(error: OSError, launch: Launch, environment: Mapping[str, str]) -> str:
    if error.errno in _SCARCE:
        return _SCARCE[error.errno]
    where = launch.directory
    if where is not None and error.filename == os.fspath(where):
        if error.errno != errno.EPERM:
            return _of_directory(error, where)
    elif error.filename is not None:
        return _of_command(error, launch, environment)
    user = "" if launch.credentials is None else f" {launch.credentials.name!r}"
    return f"the system does not let the daemon switch to user{user} ({_words(error)})"


def _of_directory(error: OSError, where: Path) -> str:
    if error.errno == errno.ENOENT:
        return f"its directory {str(where)!r} does not exist; make it"
    if error.errno == errno.ENOTDIR:
        return f"its directory {str(where)!r} is not a directory"
    if error.errno == errno.EACCES:
        return f"its directory {str(where)!r} may not be entered; check its permissions"
    return f"cannot change to its directory {str(where)!r}: {_words(error)}"


def _of_command(error: OSError, launch: Launch, environment: Mapping[str, str]) -> str:
    command = launch.argv[0]
    search = os.get_exec_path(environment)
    file = _located(command, search, launch.directory or Path.cwd())
    if file is None:
        return _words(error) if "/" in command else _not_found(search)
    match error.errno:
        case errno.ENOENT:
            return _missing_part(file)
        case errno.EACCES:
            return _denied(file, launch)
        case errno.ENOEXEC:
            return (
                f"{str(file)!r} is neither a program for this machine nor a script"
                " that begins with '#!'"
            )
        case errno.ETXTBSY:
            return f"{str(file)!r} is open for writing; wait until it is complete"
        case _:
            return _words(error)


def _located(command: str, search: list[str], directory: Path) -> Path | None:
    folders = [directory] if "/" in command else [directory / entry for entry in search]
    for folder in folders:
        file = folder / command
        if os.path.lexists(file):
            return file
    return None


def _not_found(search: list[str]) -> str:
    return (
        f"not found in PATH={os.pathsep.join(search)} of its environment; give its full"
        " path, or set PATH"
    )


def _missing_part(file: Path) -> str:
    if not os.path.exists(file):  # noqa: PTH110 - Path's raises where it may not look
        target = os.readlink(file)  # noqa: PTH115 - as it is written in the link
        return f"it is a symbolic link to {target!r}, which does not exist"
    interpreter = _interpreter(file)
    if interpreter is None:
        return (
            f"the loader or a library that {str(file)!r} was built for is missing;"
            " install a build for this system"
        )
    hint = "install it, or correct the line"
    if interpreter.endswith("\r"):
        hint = "the file has Windows line ends; convert them"
    return (
        f"bad interpreter: {str(file)!r} begins with '#!', and {interpreter!r} does"
        f" not exist; {hint}"
    )


def _denied(file: Path, launch: Launch) -> str:
    try:
        mode = file.stat().st_mode
    except OSError as error:
        return f"cannot look at {str(file)!r}: {_words(error)}"
    if stat.S_ISDIR(mode):
        return f"{str(file)!r} is a directory"
    if not stat.S_ISREG(mode):
        return f"{str(file)!r} is not a regular file"
    if not mode & 0o111:
        return f"{str(file)!r} is not executable; chmod +x it"
    interpreter = _interpreter(file)
    if interpreter is not None and not os.access(interpreter, os.X_OK):
        return f"bad interpreter: {interpreter!r} of {str(file)!r} is not executable"
    if os.statvfs(file).f_flag & os.ST_NOEXEC:
        return f"{str(file)!r} is on a file system that is mounted noexec"
    who = launch.credentials
    name = f"user {who.name!r}" if who is not None and who.name else "its user"
    return (
        f"permission denied to {name}; check the file and the folders above it"
        f" (namei -l {file})"
    )


def _interpreter(file: Path) -> str | None:
    try:
        with file.open("rb") as script:
            head = script.read(_HEAD)
    except OSError:
        return None  # we only wanted to say more than the kernel did
    if not head.startswith(b"#!"):
        return None
    line = head[2:].split(b"\n", 1)[0].strip(b" \t")
    return os.fsdecode(line.replace(b"\t", b" ").split(b" ", 1)[0])


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
