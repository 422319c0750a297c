"""What a fork would fail by is said before it, in words."""

import os
import resource
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from selfhealingd.core.launch import Credentials
from selfhealingd.supervise.errors import SpawnError
from selfhealingd.supervise.privilege import checked_limits, switch_to


def test_limits_by_number() -> None:
    """Names become resource numbers, upper case or lower."""
    assert {resource.RLIMIT_CORE: (0, 0)} == checked_limits({"core": (0, 0)})
    assert {resource.RLIMIT_CORE: (0, 0)} == checked_limits({"CORE": (0, 0)})


def test_unknown_limit() -> None:
    """An unknown name is refused, with those that exist."""
    with pytest.raises(SpawnError, match=r"cannot set limit 'nofiles': .*nofile"):
        checked_limits({"nofiles": (1, 1)})


@pytest.mark.parametrize("pair", [(20, 10), (-1, 10)])
def test_soft_above_hard(pair: tuple[int, int]) -> None:
    """A soft limit above the hard one is refused; unlimited is above all."""
    with pytest.raises(SpawnError, match="soft limit is above the hard one"):
        checked_limits({"nofile": pair})


def test_more_files_than_the_system_allows() -> None:
    """Even root is not given more descriptors than fs.nr_open."""
    most = int(Path("/proc/sys/fs/nr_open").read_text())
    with pytest.raises(SpawnError, match=r"fs\.nr_open|may not raise it"):
        checked_limits({"nofile": (1024, most + 1)})


def test_nobody_in_particular() -> None:
    """Without credentials there is no change of user."""
    assert switch_to(None) is None


@pytest.mark.process
async def test_an_ordinary_daemon(as_nobody: Callable[..., Awaitable[str]]) -> None:
    """Without rights: no other user, no higher hard limit, but its own user is fine."""
    said = await as_nobody(
        "import resource\n"
        "from selfhealingd.core.launch import Credentials\n"
        "from selfhealingd.supervise.errors import SpawnError\n"
        "from selfhealingd.supervise.privilege import *\n",
        "resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))\n"
        "def attempt(call, *args):\n"
        "    try: print(call(*args))\n"
        "    except SpawnError as error: print(error)\n"
        "attempt(switch_to, Credentials(uid=65534, gid=65534))\n"
        "attempt(switch_to, Credentials(uid=0, gid=0, name='root'))\n"
        "attempt(checked_limits, {'nofile': (50, 60)})\n",
    )
    own, other, limit = said.splitlines()
    assert own == "None"
    assert other.startswith("cannot run as user root: this daemon runs as uid 65534")
    assert "nofile to 50:60: the daemon's own hard limit is 50" in limit


def test_root_may_become_anybody() -> None:
    """With the rights to, credentials are applied as given."""
    if os.geteuid() != 0:
        pytest.skip("only root may switch users")
    nobody = Credentials(uid=65534, gid=65534)
    assert nobody == switch_to(nobody)
