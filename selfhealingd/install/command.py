"""Put things in place, and say what to type next."""

import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from selfhealingd.install.content import Item, binaries, items
from selfhealingd.install.errors import CannotInstall
from selfhealingd.install.layout import MACHINE, Folders, Kind, of_user
from selfhealingd.install.put import OLD, Verdict, look, put

MAIN = "selfhealingd.toml"
UNIT = "selfhealingd.service"
_WIDTH = max(len(verdict.value) for verdict in Verdict)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed, by whom.

    ``command``: how this program was called. ``shipped``: what the package brought.
    """

    user: bool
    dry_run: bool
    uid: int
    environ: Mapping[str, str]
    command: Path
    shipped: Path


def install(asked: Asked) -> Iterator[str]:
    """Put everything in place, or (dry run) only look; give the lines to be printed.

    Raises CannotInstall; what was put in place by then stays.
    """
    bin_ = binaries(asked.command, Path(sys.executable))
    program = bin_ / "selfhealingd"
    folders = _folders(asked, program)
    everything = list(items(asked.shipped, folders, bin_))
    verdicts = []
    for item in everything:
        verdict = look(item) if asked.dry_run else put(item)
        verdicts.append(verdict)
        yield f"{verdict.value:{_WIDTH}}  {item.target}"
        for note in _notes(item, verdict, folders):
            yield f"{'':{_WIDTH}}    {note}"
    yield ""
    if asked.dry_run:
        yield "A dry run: nothing was written. To do it, type:"
        yield f"  {_typed(program, user=asked.user)}"
        return
    fresh = Verdict.REPLACED not in verdicts
    yield from _next(program, folders, _prepare(everything, folders), fresh=fresh)


def _next(
    program: Path, folders: Folders, prepare: list[str], *, fresh: bool
) -> Iterator[str]:
    systemctl = "systemctl --user" if folders.user else "systemctl"
    reload = f"{systemctl} daemon-reload"
    if fresh:
        yield f"Write what to run into {folders.config / MAIN}. Then type:"
        check, start = f"{program} --check", f"{systemctl} enable --now {UNIT}"
        steps = [check, *prepare, reload, start]
    else:
        yield "Next, type:"
        steps = [*prepare, reload, f"{systemctl} restart {UNIT}"]
    yield f"  {' && '.join(steps)}"
    if folders.user:
        yield "It ends when you log out, unless you type: loginctl enable-linger"


def _folders(asked: Asked, program: Path) -> Folders:
    root = asked.uid == 0
    if asked.user and root:
        raise CannotInstall(
            "--user is for ordinary users; root installs for the whole machine: "
            + _typed(program, user=False)
        )
    if not asked.user and not root and not asked.dry_run:
        raise CannotInstall(
            f"it takes root: sudo {_typed(program, user=False)}; or install for"
            f" yourself alone: {_typed(program, user=True)}"
        )
    return of_user(asked.uid, asked.environ) if asked.user else MACHINE


def _typed(program: Path, *, user: bool) -> str:
    return f"{program} --install-systemd{' --user' if user else ''}"


def _notes(item: Item, verdict: Verdict, folders: Folders) -> Iterator[str]:
    target = shlex.quote(str(item.target))
    if verdict is Verdict.KEPT:
        yield f"yours differs: diff {target} {shlex.quote(str(item.source))}"
    if verdict is Verdict.REPLACED and item.kind is Kind.UNIT:
        yield f"the one before is kept: diff {target}{OLD} {target}"
    own = folders.overrides / item.target.name
    if item.target.parent == folders.units and (own.exists() or own.is_symlink()):
        yield f"has no effect as long as there is {own}"


def _prepare(everything: list[Item], folders: Folders) -> list[str]:
    """What makes the group and the folders that the units count on."""
    return [
        f"{command} {item.target.name}"
        for folder, command in (
            (folders.sysusers, "systemd-sysusers"),
            (folders.tmpfiles, "systemd-tmpfiles --create"),
        )
        for item in everything
        if item.target.parent == folder
    ]
