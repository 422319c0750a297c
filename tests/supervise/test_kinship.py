"""One reading of /proc serves all who ask at the same time, and never too early."""

import os
from collections.abc import Awaitable, Callable

import pytest
import trio

from selfhealingd.supervise.child import Child
from selfhealingd.supervise.identity import Identity, children, lists_children
from selfhealingd.supervise.kinship import Scans, _read_families, read_marks
from selfhealingd.supervise.register import Orphan

Begin = Callable[..., Awaitable[tuple[Child, str]]]
pytestmark = pytest.mark.process

MARKS = {"SELFHEALINGD_INSTANCE": "test_kinship", "SELFHEALINGD_RUN": "3"}


async def test_scans_are_shared() -> None:
    """Fifty who ask together, while a scan is under way, get one and the same."""
    scans = Scans(_read_families)
    answers: list[object] = []

    async def ask() -> None:
        answers.append(await scans.get())

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(ask)
    assert 50 == len(answers)
    assert 1 == len({id(answer) for answer in answers})


async def test_a_scan_is_as_new_as_the_question(begin: Begin) -> None:
    """Who was there before the question is in the answer."""
    scans = Scans(_read_families)
    await scans.get()
    child, _ = await begin("import time; print(); time.sleep(600)")
    assert child.pid in (await scans.get())[os.getpid()]


@pytest.mark.skipif(not lists_children(), reason="the kernel lists no children")
async def test_both_ways_agree(begin: Begin) -> None:
    """What the kernel lists, over all threads, is what a scan finds."""
    child, _ = await begin(
        "import os, threading, time, warnings\n"
        "warnings.simplefilter('ignore')\n"  # a fork among threads may fare ill
        "def fork():\n"
        "    if not os.fork(): time.sleep(600)\n"
        "    ready.wait()\n"
        "    time.sleep(600)\n"
        "ready = threading.Barrier(3)\n"
        "for _ in range(2):\n"
        "    threading.Thread(target=fork, daemon=True).start()\n"
        "if not os.fork(): time.sleep(600)\n"
        "ready.wait()\n"
        "print()\n"
        "time.sleep(600)\n"
    )
    listed = children(child.pid)
    assert 3 == len(listed)
    assert sorted(listed) == sorted((await Scans(_read_families).get())[child.pid])
    assert [] == children(2**22 - 1)


async def test_marks_are_read(begin: Begin) -> None:
    """Of an environment the marks are noted; one that is gone has none."""
    child, _ = await begin("import time; print(); time.sleep(600)", marks=MARKS)
    marked = Orphan(child.identity, child.pid)
    gone = Orphan(Identity(2**22 - 1, 1), 1)
    with trio.fail_after(20):
        await read_marks([marked, gone])
    assert [MARKS, {}] == [marked.marks, gone.marks]
