import ctypes
import os
from collections.abc import Callable, Iterator

import pytest
from harness import soon

from selfhealingd.observe.family import Family, family_now
from selfhealingd.observe.process import read_process

Start = Callable[..., int]
PR_SET_CHILD_SUBREAPER = 36

pytestmark = pytest.mark.process


@pytest.fixture
def subreaper() -> Iterator[None]:
    """Have orphans come to us, as they come to the daemon."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    yield
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def tree(pid: int, *, walk: bool) -> set[int]:
    leader = read_process(pid)
    assert leader is not None
    found = Family([pid], walk=walk).of(leader)
    assert leader == found[0]
    assert len(found) == len({one.pid for one in found})
    return {one.pid for one in found}


@pytest.mark.parametrize("walk", [True, False])
async def test_all_descendants_are_of_the_family(start: Start, *, walk: bool) -> None:
    """Children and grandchildren, whichever way they are looked for."""
    pid = start("sh", "-c", "sleep 1000 & sh -c 'sleep 1000 & wait' & wait")
    await soon(lambda: len(tree(pid, walk=walk)) == 4)
    alone = start("sleep", "1000")
    assert {alone} == tree(alone, walk=walk)


@pytest.mark.usefixtures("subreaper")
@pytest.mark.parametrize("walk", [True, False])
async def test_an_orphan_stays_in_the_family(start: Start, *, walk: bool) -> None:
    """Its parent has ended, so that it is a child of the daemon: its session tells."""
    pid = start("sh", "-c", "(sleep 1000 &); exec sleep 1000")

    def orphaned() -> bool:
        others = map(read_process, tree(pid, walk=walk) - {pid})
        return [os.getpid()] == [one.parent for one in others if one is not None]

    await soon(orphaned)


async def test_it_can_be_had_on_this_kernel(start: Start) -> None:
    """Whichever way that takes."""
    pid = start("sleep", "1000")
    leader = read_process(pid)
    assert leader is not None
    assert [leader.pid] == [one.pid for one in (await family_now([pid])).of(leader)]
