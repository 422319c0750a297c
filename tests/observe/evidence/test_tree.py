"""A program's tree is seen with who waits where."""

from collections.abc import Callable

import pytest

from selfhealingd.observe.evidence.tree import command, tree

pytestmark = pytest.mark.process

Begin = Callable[..., int]

FAMILY = """
import os, sys, time
for n in range(int(sys.argv[1])):
    if os.fork() == 0:
        if n == 0 and os.fork() == 0:
            pass
        time.sleep(1000)
if os.fork() == 0:
    os._exit(0)
time.sleep(0.05)
print("up")
time.sleep(1000)
"""


def test_all_that_descend_are_in_it(begin: Begin) -> None:
    """Children, their children, and zombies, parents first."""
    pid = begin(FAMILY, 3)
    found = tree(pid)
    assert pid == found[0].pid
    assert 6 == len(found)
    parents = {one.pid for one in found}
    assert all(one.parent in parents for one in found[1:])
    assert 1 == sum(one.parent not in (pid, found[0].parent) for one in found)
    assert ["Z"] == [one.state for one in found if one.state == "Z"]
    assert "time.sleep(1000)" in found[0].command
    assert found[0].memory is not None
    assert found[0].memory > 1_000_000


def test_not_more_than_so_many(begin: Begin) -> None:
    """A fork bomb costs no more than a program."""
    assert 4 == len(tree(begin(FAMILY, 10), most=4))


def test_a_process_that_is_gone() -> None:
    """There is no tree of it, which is told."""
    with pytest.raises(OSError, match="No such"):
        tree(2**22 - 1)
    assert "" == command(2**22 - 1)


def test_a_long_command_is_cut(begin: Begin) -> None:
    """It stays one line of a reasonable length."""
    shown = command(begin("print('up'); import time; time.sleep(1000)", "x\n" * 1000))
    assert 301 == len(shown)
    assert "\n" not in shown
