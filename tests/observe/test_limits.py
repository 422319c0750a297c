import os
import resource
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from selfhealingd.core.sample import LIMITED_OF_SERVICE, Metric
from selfhealingd.observe.limits import limits

GIB = 2**30
CPU, FDS, MEMORY = Metric.CPU, Metric.FDS, Metric.MEMORY
TOTAL = Metric.MEMORY_TOTAL

pytestmark = pytest.mark.process


@pytest.fixture
def pid(start: Callable[..., int]) -> int:
    """A process that waits."""
    return start("sleep", "1000")


@pytest.fixture
def group(pid: int, tmp_path: Path) -> Path:
    """A folder that stands for the process's cgroup, with none above it limited."""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        if line.startswith("0::/"):
            folder = tmp_path / line.removeprefix("0::/")
            folder.mkdir(parents=True, exist_ok=True)
            return folder
    pytest.skip("there is no cgroup v2 here")


def test_own_limits_are_found(pid: int, tmp_path: Path) -> None:
    """Soft ones, as they are now and not as they were at the start."""
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (77, 100))
    resource.prlimit(pid, resource.RLIMIT_AS, (GIB, GIB))
    os.sched_setaffinity(pid, [min(os.sched_getaffinity(pid))])
    host = psutil.virtual_memory().total
    found = limits(pid, LIMITED_OF_SERVICE, cgroups=tmp_path)
    assert {FDS: 77, MEMORY: min(GIB, host), TOTAL: host, CPU: 100} == found


def test_only_what_is_wanted_is_told(pid: int) -> None:
    """Each takes files to read."""
    assert {FDS} == limits(pid, frozenset({FDS})).keys()
    assert {} == limits(pid, frozenset())


def test_a_cgroup_limits_all_within_it(pid: int, group: Path, tmp_path: Path) -> None:
    """The smallest on the way up counts."""
    (group / "memory.max").write_text("1048576\n")
    (group / "cpu.max").write_text("50000 100000\n")
    found = limits(pid, LIMITED_OF_SERVICE, cgroups=tmp_path)
    assert (2**20, 2**20, 50) == (found[MEMORY], found[TOTAL], found[CPU])


def test_a_cgroup_may_have_no_limit(pid: int, group: Path, tmp_path: Path) -> None:
    """Then the host is the limit."""
    (group / "memory.max").write_text("max\n")
    (group / "cpu.max").write_text("max 100000\n")
    found = limits(pid, LIMITED_OF_SERVICE, cgroups=tmp_path)
    assert psutil.virtual_memory().total == found[MEMORY]
    assert 100 * len(os.sched_getaffinity(pid)) == found[CPU]


def test_what_is_gone_has_no_limits() -> None:
    """They are unknown."""
    assert {} == limits(2**22 + 1, LIMITED_OF_SERVICE)
