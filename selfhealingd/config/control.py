"""``[daemon]`` and ``[control]``: places made absolute, names of people looked up."""

from pathlib import Path

from selfhealingd.config.accounts import Unknown, group, user
from selfhealingd.config.mistakes import Spot
from selfhealingd.config.paths import Places
from selfhealingd.config.schema import ControlTable, DaemonTable
from selfhealingd.config.settings import Control, Daemon
from selfhealingd.config.socketpath import check_socket_path

DEFAULT_INCLUDE = ("conf.d/*.toml",)
_DEFAULT_OPERATORS = ("root", "@wheel")
_DEFAULT_GROUP = "selfheal"


def read_daemon(
    table: DaemonTable, wrong: frozenset[str], spot: Spot, places: Places
) -> Daemon:
    """Return the daemon's settings; relative folders are relative to the config's."""
    if not wrong & {"tasks_caution", "tasks_overload"}:
        _check_thresholds(table, spot)
    base = spot.folder
    return Daemon(
        state_dir=base / (table.state_dir or places.state_dir),
        runtime_dir=base / (table.runtime_dir or places.runtime_dir),
        log_dir=base / (table.log_dir or places.log_dir),
        flags_file=base / (table.flags_file or places.flags_file),
        include=DEFAULT_INCLUDE if table.include is None else table.include,
        sample_interval=table.sample_interval,
        log_level=table.log_level,
        log_format=table.log_format,
        orphans=table.orphans,
        tasks_caution=table.tasks_caution,
        tasks_overload=table.tasks_overload,
    )


def _check_thresholds(table: DaemonTable, spot: Spot) -> None:
    if table.tasks_overload <= table.tasks_caution:
        spot.at("tasks_overload").wrong(
            f"tasks_overload ({table.tasks_overload}) is not above"
            f" tasks_caution ({table.tasks_caution})"
        )


def read_control(table: ControlTable, spot: Spot, socket: Path, uid: int) -> Control:
    """Return the socket's settings; ``socket`` is the path when none is written."""
    path = spot.folder / (table.socket or socket)
    check_socket_path(path, spot.at("socket"), "set control.socket to a shorter one")
    users, groups = _operators(table.operators, spot.at("operators"))
    return Control(
        socket=path,
        mode=table.mode,
        group=_group(table.group, spot.at("group"), uid),
        operator_uids=users,
        operator_gids=groups,
    )


def _group(name: str | None, spot: Spot, uid: int) -> int | None:
    try:
        if name is not None:
            return group(name)
        return group(_DEFAULT_GROUP) if uid == 0 else None
    except Unknown as error:
        if name is not None:
            spot.wrong(f'"{name}": {error}')
        return None  # the default group is there only where somebody made it


def _operators(
    names: tuple[str, ...] | None, spot: Spot
) -> tuple[frozenset[int], frozenset[int]]:
    """Return uids and gids; only what the operator wrote himself must exist."""
    users: set[int] = set()
    groups: set[int] = set()
    for name in _DEFAULT_OPERATORS if names is None else names:
        try:
            if name.startswith("@"):
                groups.add(group(name[1:]))
            else:
                users.add(user(name).pw_uid)
        except Unknown as error:
            if names is not None:
                spot.wrong(f'"{name}": {error}')
    return frozenset(users), frozenset(groups)
