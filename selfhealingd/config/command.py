"""Commands, and whom they run as: what programs, watches and tasks have in common."""

from pathlib import Path

from selfhealingd.config.accounts import Unknown, credentials, user
from selfhealingd.config.mistakes import Spot
from selfhealingd.config.schema import CommandTable
from selfhealingd.core.launch import Credentials, Launch


def launch_of(table: CommandTable, spot: Spot, uid: int) -> Launch:
    """Return a command with what its table says of it; notes who can't be become."""
    login, account = _account(table.user, spot.at("user"), uid)
    return Launch(
        argv=argv_of(table.command, spot.folder),
        environment=login | table.environment,
        directory=None if table.directory is None else spot.folder / table.directory,
        credentials=account,
    )


def argv_of(command: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    """Return a command of which the program, if it has a slash, is below ``folder``."""
    if not command or "/" not in command[0]:
        return command
    return (str(folder / command[0]), *command[1:])


def _account(
    name: str | None, spot: Spot, uid: int
) -> tuple[dict[str, str], Credentials | None]:
    """Return what a login as ``name`` would set, and whom to become.

    Nobody has to be become when the daemon, not being root, already is that user.
    """
    if name is None:
        return {}, None
    try:
        found = credentials(user(name))
    except Unknown as error:
        spot.wrong(f'"{name}": {error}')
        return {}, None
    if uid not in {0, found.uid}:
        spot.wrong(
            f'cannot run as "{name}": the daemon runs as uid {uid}, not as root',
            "leave the key out, or run the daemon as root",
        )
    login = {
        "HOME": found.home,
        "USER": found.name,
        "LOGNAME": found.name,
        "SHELL": found.shell,
    }
    return login, found if uid == 0 else None
