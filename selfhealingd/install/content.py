"""What each file must hold: as the package has it, with this installation's paths."""

import os
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path, PurePath

import msgspec

from selfhealingd.install.errors import CannotInstall
from selfhealingd.install.layout import Folders, Kind, places

BINARIES = ("selfhealingd", "selfhealctl")
_SHIPPED = ("docs/man", "etc", "systemd")
_PACKAGED = re.compile(rf"/usr/bin/({'|'.join(BINARIES)})(?![\w-])")
_PLAIN = re.compile(r"[A-Za-z0-9/._+-]+")


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One file to be put in place; ``source`` is where the package has it."""

    source: Path
    target: Path
    data: bytes
    kind: Kind


def shipped() -> Path:
    """Return the folder that has ``etc`` and ``systemd``: in a wheel, or a checkout."""
    package = Path(str(resources.files("selfhealingd")))
    inside = package / "shipped"
    return inside if inside.is_dir() else package.parent


def binaries(command: Path, interpreter: Path) -> Path:
    """Return the folder of both our commands, for the units.

    ``command``: how this one was called; a module run by the interpreter lies beside
    none. Raises CannotInstall where a unit could not name that folder.
    """
    for folder in (command.parent.absolute(), interpreter.parent.absolute()):
        if all(os.access(folder / name, os.X_OK) for name in BINARIES):
            if _PLAIN.fullmatch(str(folder)) is None:
                raise CannotInstall(
                    f"{folder} has characters that a unit file can't name;"
                    " install the package elsewhere"
                )
            return folder
    raise CannotInstall(
        f"there is no selfhealingd beside {interpreter} for the units to start;"
        " install the package with pip"
    )


def items(root: Path, folders: Folders, bin_: Path) -> Iterator[Item]:
    """Give everything to be put in place, the config first; ``root`` is ``shipped()``.

    Raises CannotInstall when the package came without its unit files.
    """
    found = list(places(_sources(root), folders))
    if not any(place.kind is Kind.UNIT for place in found):
        raise CannotInstall(f"no unit file in {root}; install the package afresh")
    for place in sorted(found, key=lambda p: (list(Kind).index(p.kind), p.target)):
        source = root / place.source
        try:
            data = source.read_bytes()
        except OSError as error:
            raise CannotInstall(f"cannot read {source}: {error.strerror}") from error
        if place.kind is Kind.UNIT:
            data = _PACKAGED.sub(rf"{bin_}/\1", data.decode()).encode()
        yield Item(source=source, target=place.target, data=data, kind=place.kind)


def _sources(root: Path) -> Iterator[PurePath]:
    for folder in _SHIPPED:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file():
                yield path.relative_to(root)
