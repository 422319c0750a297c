"""Which file of the package belongs where. Pure: knows names, touches no file.

What a package brings goes where packages put it, so that the operator's own units and
drop-ins (in ``/etc/systemd``, ``~/.config/systemd``) stay theirs and come first: see
"unit file load path" in systemd.unit(5), and sysusers.d(5), tmpfiles.d(5).
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path, PurePath
from typing import NamedTuple

import msgspec

from selfhealingd.wire.places import xdg


class Kind(Enum):
    """To whom a file belongs once it is in place."""

    CONFIG = "config"
    """The operator: never replaced."""
    UNIT = "unit"
    """Us; but somebody may have changed it, so the one before is kept beside it."""
    PAGE = "page"
    """Us: replaced by a newer one."""


class Folders(msgspec.Struct, frozen=True, kw_only=True):
    """Where an installation goes; ``overrides`` has the operator's own units.

    ``user``: it is for one user, who has neither ``sysusers`` nor ``tmpfiles``.
    """

    user: bool
    config: Path
    units: Path
    overrides: Path
    share: Path
    sysusers: Path | None = None
    tmpfiles: Path | None = None


class Place(NamedTuple):
    """One file: where the package has it, and where it goes."""

    source: PurePath
    target: Path
    kind: Kind


MACHINE = Folders(
    user=False,
    config=Path("/etc/selfhealingd"),
    units=Path("/usr/local/lib/systemd/system"),
    overrides=Path("/etc/systemd/system"),
    share=Path("/usr/local/share"),
    sysusers=Path("/usr/local/lib/sysusers.d"),
    tmpfiles=Path("/usr/local/lib/tmpfiles.d"),
)
"""For the whole machine."""


def of_user(uid: int, environ: Mapping[str, str]) -> Folders:
    """Return the folders of one user, for that user's own systemd."""
    config = xdg("XDG_CONFIG_HOME", uid, environ, ".config")
    share = xdg("XDG_DATA_HOME", uid, environ, ".local/share")
    return Folders(
        user=True,
        config=config / "selfhealingd",
        units=share / "systemd" / "user",
        overrides=config / "systemd" / "user",
        share=share,
    )


COMPLETIONS = {
    "selfhealctl.bash": "bash-completion/completions/selfhealctl",
    "selfhealctl.fish": "fish/vendor_completions.d/selfhealctl.fish",
    "_selfhealctl": "zsh/site-functions/_selfhealctl",
}
CONFIG = ("selfhealingd.toml", "flags.env")
SCHEMA = "selfhealingd.schema.json"


def places(sources: Iterable[PurePath], folders: Folders) -> Iterator[Place]:
    """Give a place for each file of the package (paths as in its tree) that has one."""
    for source in sources:
        place = _place(source, folders)
        if place is not None:
            yield place


def _place(source: PurePath, to: Folders) -> Place | None:
    name = source.name
    match source.parts:
        case ("etc", _) if name in CONFIG:
            return Place(source, to.config / name, Kind.CONFIG)
        case ("etc", _) if name == SCHEMA:
            return Place(source, to.config / name, Kind.PAGE)
        case ("etc", "completions", _) if name in COMPLETIONS:
            return Place(source, to.share / COMPLETIONS[name], Kind.PAGE)
        case ("docs", "man", _):
            section = f"man{source.suffix[1:]}"
            return Place(source, to.share / "man" / section / name, Kind.PAGE)
        case ("systemd", "examples", _) if not to.user:
            target = to.share / "doc" / "selfhealingd" / "examples" / name
            return Place(source, target, Kind.PAGE)
        case ("systemd", *folder, _):
            found = _of_systemd(folder, to)
            return Place(source, found / name, Kind.UNIT) if found else None
        case _:
            return None


def _of_systemd(folder: list[str], to: Folders) -> Path | None:
    match folder:
        case [] if not to.user:
            return to.units
        case ["user"] if to.user:
            return to.units
        case ["sysusers.d"]:
            return to.sysusers
        case ["tmpfiles.d"]:
            return to.tmpfiles
        case _:
            return None
