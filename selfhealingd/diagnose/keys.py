"""Where keys come from. They stay in memory; elsewhere are fingerprints of them."""

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from selfhealingd.core.keyring import Key

VARIABLE = "ANTHROPIC_API_KEY"
CREDENTIALS = "CREDENTIALS_DIRECTORY"
MOST_BYTES = 64 * 1024

_NAME = re.compile(rf"{VARIABLE}(?:_?(\d{{1,4}}))?")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """All keys in the order in which they are used, and what is wrong with sources."""

    keys: dict[str, str] = {}
    """By fingerprint."""

    ring: tuple[Key, ...] = ()
    problems: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return how many there are; never one of them."""
        return f"Found({len(self.keys)} keys)"


def fingerprint(key: str) -> str:
    """Return what a key is called where it must not be seen."""
    return hashlib.sha256(b"selfhealingd\0" + key.encode()).hexdigest()[:12]


def find_keys(
    environ: Mapping[str, str], key_file: Path | None, uid: int, *, named: bool = True
) -> Found:
    """Read all there are: variables, systemd's credentials, the key file; blocks.

    ``named``: somebody wants that file, so that it has to be there.
    """
    keys: dict[str, str] = {}
    ring: list[Key] = []
    problems: list[str] = []
    if key_file is not None and not named and not key_file.exists():
        key_file = None
    for source, key in _all(environ, key_file, uid, problems):
        if not key.isascii() or not key.isprintable() or " " in key:
            problems.append(f"{source}: not a key, as it has more than one word")
            continue
        name = fingerprint(key)
        if name not in keys:
            keys[name] = key
            ring.append(Key(fingerprint=name, source=source))
    return Found(keys=keys, ring=tuple(ring), problems=tuple(problems))


def _all(
    environ: Mapping[str, str], key_file: Path | None, uid: int, problems: list[str]
) -> Iterator[tuple[str, str]]:
    for name in _ordered(environ):
        if environ[name].strip():
            yield f"variable {name}", environ[name].strip()
    folder = environ.get(CREDENTIALS)
    if folder:
        yield from _credentials(Path(folder), problems)
    if key_file is not None:
        try:
            text = read_private(key_file, uid)
        except OSError as error:
            problems.append(f"{key_file}: {(error.strerror or str(error)).lower()}")
            return
        lines = (line.strip() for line in text.splitlines())
        found = [line for line in lines if line and not line.startswith("#")]
        if not found:
            problems.append(f"{key_file}: there is no key in it")
        for number, line in enumerate(found, start=1):
            _, _, value = line.rpartition("=")  # KEY=value, as in an environment file
            yield f"{key_file}, key {number}", value.strip("\"' ")


def _credentials(folder: Path, problems: list[str]) -> Iterator[tuple[str, str]]:
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError as error:
        problems.append(f"{folder}: {(error.strerror or str(error)).lower()}")
        return
    written = {name.upper().replace("-", "_"): name for name in names}
    for variable in _ordered(written):
        name = written[variable]
        try:
            with (folder / name).open("rb") as file:
                key = file.read(MOST_BYTES).decode().strip()
        except (OSError, UnicodeDecodeError):
            problems.append(f"credential {name}: cannot be read")
            continue
        if key:
            yield f"credential {name}", key


def _ordered(names: Mapping[str, str]) -> list[str]:
    numbers = {name: found for name in names if (found := _NAME.fullmatch(name))}
    return sorted(numbers, key=lambda name: int(numbers[name][1] or 1))


def read_private(path: Path, uid: int) -> str:
    """Read a file that nobody but ``uid`` and root can; raises OSError with the reason.

    What is looked at is what is read: the file is opened first.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - it is open already
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError("it is not a regular file")
        if status.st_uid not in {uid, 0}:
            raise OSError(f"it belongs to uid {status.st_uid}: chown {uid} {path}")
        if status.st_mode & 0o077:
            mode = stat.S_IMODE(status.st_mode)
            raise OSError(f"others may use it (mode {mode:04o}): chmod 600 {path}")
        return file.read(MOST_BYTES).decode("utf-8", "replace")
