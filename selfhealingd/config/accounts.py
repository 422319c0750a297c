"""Users and groups by name, as this machine knows them now."""

import grp
import os
import pwd

from selfhealingd.core.launch import Credentials


class Unknown(LookupError):
    """There is no such user or group; str() says which."""


def user(name: str) -> pwd.struct_passwd:
    """Return the account of a user's name or number; raises ``Unknown``."""
    try:
        return pwd.getpwuid(int(name)) if _number(name) else pwd.getpwnam(name)
    except (KeyError, ValueError):
        raise Unknown("there is no such user on this machine") from None


def group(name: str) -> int:
    """Return the gid of a group's name or number; raises ``Unknown``."""
    try:
        return (grp.getgrgid(int(name)) if _number(name) else grp.getgrnam(name)).gr_gid
    except (KeyError, ValueError):
        raise Unknown("there is no such group on this machine") from None


def credentials(account: pwd.struct_passwd) -> Credentials:
    """Return all that is needed to run as ``account``, with all of its groups."""
    return Credentials(
        uid=account.pw_uid,
        gid=account.pw_gid,
        groups=tuple(sorted(os.getgrouplist(account.pw_name, account.pw_gid))),
        name=account.pw_name,
        home=account.pw_dir or "/",
        shell=account.pw_shell or "/bin/sh",
    )


def _number(name: str) -> bool:
    # Ten digits hold every id; more would be an OverflowError in the C library's hands.
    return name.isascii() and name.isdigit() and int(name[:11]) < 2**32 - 1
