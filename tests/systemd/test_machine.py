"""The machine that these tests are run on leaves alone the one below."""

from pathlib import Path

import pytest
from systemd_host import Machine

pytestmark = pytest.mark.process


def test_its_console_is_no_device_of_this_machine(machine: Machine) -> None:
    """A getty would make it a user's own, and with it everybody's /dev/null."""
    if not Path("/dev/console").exists():
        pytest.skip("there is none to be hidden")
    of_machine = machine.run("stat", "--format=%D %i", "/dev/console")
    devices = ("/dev/null", "/dev/console")
    assert of_machine not in [f"{_id(Path(device))}\n" for device in devices]


def _id(file: Path) -> str:
    found = file.stat()
    return f"{found.st_dev:x} {found.st_ino}"
