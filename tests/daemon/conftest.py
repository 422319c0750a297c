"""A house for each test that asks for one."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import harness
import pytest
import trio
from loghouse import Talker


@pytest.fixture
async def house() -> AsyncIterator[harness.House]:
    async with harness.house() as made:
        yield made


@pytest.fixture
async def talker(house: harness.House) -> AsyncIterator[Talker]:
    talker = Talker(house.root / "talk")
    yield talker
    talker.close()


@pytest.fixture
async def small_disk(house: harness.House) -> AsyncIterator[Path]:
    """Give a state folder on a file system of one MiB."""
    folder = house.root / "state"
    folder.mkdir(mode=0o700)
    mount = ("mount", "-t", "tmpfs", "-o", "size=1M,mode=0700", "none", str(folder))
    ran = await harness.execute(*mount, cwd=house.root) if os.geteuid() == 0 else None
    if ran is None or ran.status != 0:
        pytest.skip("cannot mount here")
    yield folder
    with trio.CancelScope(shield=True):
        await house.close()
        await harness.execute("umount", "-l", str(folder), cwd=Path("/"))
