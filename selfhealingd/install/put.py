"""Compare what is in place with what belongs there, and write what differs; blocks."""

import contextlib
import itertools
import os
import secrets
from enum import Enum
from pathlib import Path

from selfhealingd.install.content import Item
from selfhealingd.install.errors import CannotInstall
from selfhealingd.install.layout import Kind

OLD = ".old"
"""Added to the name of a unit file that was replaced: systemd reads no such name."""


def spare(target: Path) -> Path:
    """Return where a unit file is kept that is replaced: over no earlier one."""
    names = (f"{target.name}{OLD}{number or ''}" for number in itertools.count())
    paths = (target.with_name(name) for name in names)
    return next(path for path in paths if not os.path.lexists(path))


class Verdict(Enum):
    """What has to be done about a file."""

    NEW = "new"
    SAME = "unchanged"
    REPLACED = "replaced"
    KEPT = "kept"


def look(item: Item) -> Verdict:
    """Say what ``put`` would do; raises CannotInstall when it can't be seen."""
    try:
        present = item.target.read_bytes()
    except FileNotFoundError:
        # A link that leads nowhere is somebody's, as well.
        if item.kind is Kind.CONFIG and item.target.is_symlink():
            return Verdict.KEPT
        return Verdict.NEW
    except OSError as error:
        raise _cannot("read", item.target, error) from error
    if present == item.data:
        return Verdict.SAME
    return Verdict.KEPT if item.kind is Kind.CONFIG else Verdict.REPLACED


def put(item: Item) -> Verdict:
    """Put a file in place, whole or not at all; raises CannotInstall."""
    verdict = look(item)
    if verdict in {Verdict.SAME, Verdict.KEPT}:
        return verdict
    target = item.target
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        # Umask or not: the daemon's group and man must be able to read these.
        for folder in reversed(target.parents):
            if not folder.is_dir():
                folder.mkdir()
                folder.chmod(0o755)
        _write(temporary, item.data)
        if verdict is Verdict.REPLACED and item.kind is Kind.UNIT:
            target.replace(spare(target))
        temporary.replace(target)
    except OSError as error:
        raise _cannot("write", target, error) from error
    finally:
        # It has its name by now; where not, the first error is worth telling.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return verdict


def take_away(item: Item) -> bool:
    """Remove a file that was put in place; say whether it was there.

    The folder goes, too, if it is our own and empty by then. Raises CannotInstall.
    """
    try:
        item.target.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _cannot("remove", item.target, error) from error
    for folder in item.target.parents:
        if not any("selfhealingd" in part for part in folder.parts):
            break
        with contextlib.suppress(OSError):  # somebody else has something there
            folder.rmdir()
    return True


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        os.fchmod(file.fileno(), 0o644)


def _cannot(verb: str, path: Path, error: OSError) -> CannotInstall:
    reason = (error.strerror or str(error)).lower()
    return CannotInstall(
        f"cannot {verb} {path}: {reason}; mend that and run this again:"
        " what is in place already stays"
    )
