"""Put things in place, and say what to type next."""

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from selfhealingd.install.content import Item, binaries, items
from selfhealingd.install.errors import CannotInstall
from selfhealingd.install.layout import MACHINE, Folders, Kind, of_user
from selfhealingd.install.put import OLD, Verdict, look, put, spare, take_away

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
    folders = _folders(asked, program, "--install-systemd")
    everything = list(items(asked.shipped, folders, bin_))
    fresh = True
    for item in everything:
        old = spare(item.target)
        verdict = look(item) if asked.dry_run else put(item)
        if item.target.name == UNIT and verdict is not Verdict.NEW:
            fresh = False
        yield f"{verdict.value:{_WIDTH}}  {item.target}"
        for note in _notes(item, verdict, folders, old):
            yield f"{'':{_WIDTH}}    {note}"
    yield ""
    if asked.dry_run:
        yield "A dry run: nothing was written. To do it, type:"
        user = " --user" if asked.user else ""
        yield f"  {program} --install-systemd{user}"
        return
    yield from _next(program, folders, _prepare(everything, folders), fresh=fresh)


def uninstall(asked: Asked) -> Iterator[str]:
    """Take away what ``install`` put in place, but for config, state and logs.

    Gives the lines to be printed. Raises CannotInstall; what was removed stays so.
    """
    bin_ = binaries(asked.command, Path(sys.executable))
    folders = _folders(asked, bin_ / "selfhealingd", "--uninstall-systemd")
    systemctl = "systemctl --user" if folders.user else "systemctl"
    enabled = sorted(folders.overrides.glob("*.wants/selfhealingd.*"))
    if enabled and not asked.dry_run:
        units = " ".join(link.name for link in enabled)
        raise CannotInstall(
            f"it is to be started at each boot; first, type: {systemctl} disable --now"
            f" {units}"
        )
    for item in items(asked.shipped, folders, bin_):
        if item.kind is Kind.CONFIG:
            continue
        there = os.path.lexists(item.target) if asked.dry_run else take_away(item)
        if there:
            yield f"{'removed':{_WIDTH}}  {item.target}"
        for old in sorted(item.target.parent.glob(f"{item.target.name}{OLD}*")):
            yield f"{'kept':{_WIDTH}}  {old}"
    yield f"{'kept':{_WIDTH}}  {folders.config}, and state and logs"
    yield ""
    if asked.dry_run:
        yield "A dry run: nothing was removed."
    else:
        yield "Next, type:"
        yield f"  {systemctl} stop {UNIT}; {systemctl} daemon-reload"


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
        yield "Next, type (what runs goes on as the new version; programs run on):"
        steps = [*prepare, reload, f"{program.with_name('selfhealctl')} upgrade"]
    yield f"  {' && '.join(steps)}"
    if folders.user:
        yield "It ends when you log out, unless you type: loginctl enable-linger"


def _folders(asked: Asked, program: Path, option: str) -> Folders:
    root = asked.uid == 0
    if asked.user and root:
        raise CannotInstall(
            "--user is for ordinary users; root's is for the whole machine: "
            f"{program} {option}"
        )
    if not asked.user and not root and not asked.dry_run:
        raise CannotInstall(
            f"it takes root: sudo {program} {option}; or for yourself alone:"
            f" {program} {option} --user"
        )
    return of_user(asked.uid, asked.environ) if asked.user else MACHINE


def _notes(item: Item, verdict: Verdict, folders: Folders, old: Path) -> Iterator[str]:
    target = shlex.quote(str(item.target))
    if verdict is Verdict.KEPT:
        yield f"yours differs: diff {target} {shlex.quote(str(item.source))}"
    if verdict is Verdict.REPLACED and item.kind is Kind.UNIT:
        yield f"the one before is kept: diff {shlex.quote(str(old))} {target}"
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
