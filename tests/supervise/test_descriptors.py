"""The daemon's limit of descriptors is raised as far as it may, and not passed on."""

import resource
import subprocess
import sys

import pytest

from selfhealingd.supervise.descriptors import Descriptors

CODE = """
import resource
from selfhealingd.supervise.descriptors import Descriptors
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 200))
mine = Descriptors()
print(mine.allow(50), dict(mine.inherited()))
print(mine.allow(100), dict(mine.inherited()))
print(mine.allow(150), dict(mine.inherited()))
print(mine.allow(1000), dict(mine.inherited()))
print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_raised_to_what_is_needed_or_allowed() -> None:
    """Children get the soft limit that was there first, however often it is raised."""
    ran = subprocess.run(  # noqa: TID251 - its limits are not the tests'
        [sys.executable, "-c", CODE],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    given = {7: (64, 200)}
    assert [
        "64 {}",
        f"100 {given}",
        f"150 {given}",
        f"200 {given}",
        "(200, 200)",
    ] == ran.stdout.splitlines()


def test_no_limit_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is none, nothing is raised."""
    unlimited = (resource.RLIM_INFINITY,) * 2
    monkeypatch.setattr(resource, "getrlimit", lambda _: unlimited)
    assert 7000 == Descriptors().allow(7000)
