"""The unit of one user, under a systemd that is that user's."""

import sys
from collections.abc import Iterator

import pytest
from systemd_host import Machine, until
from systemd_unit import PYTHONPATH, UNITS, as_installed

pytestmark = pytest.mark.process

USER = sorted((UNITS / "user").iterdir())
RUNTIME = "/run/manager"
CONFIG = "/etc/selfhealingd/selfhealingd.toml"
MANAGER = f"""
[Service]
Type=notify
Delegate=yes
RuntimeDirectory=manager
Environment=HOME=/root XDG_RUNTIME_DIR={RUNTIME}
ExecStart=/lib/systemd/systemd --user --unit=basic.target
KillMode=mixed
"""


class Own:
    """The daemon's unit, and its user in front of it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def systemctl(self, *arguments: str, ok: bool = True) -> str:
        """Do something with the user's manager; return what was said."""
        environ = ("env", f"XDG_RUNTIME_DIR={RUNTIME}")
        return self.machine.run(*environ, "systemctl", "--user", *arguments, ok=ok)

    def pid(self) -> str:
        """Return the program's pid, once it runs."""
        environ = ("env", f"PYTHONPATH={PYTHONPATH}")
        command = (sys.executable, "-m", "selfhealctl", "pid", "web")
        found = ""

        def known() -> bool:
            nonlocal found
            found = self.machine.run(*environ, *command, ok=False).strip()
            return found.isdecimal()

        until(known)
        return found


@pytest.fixture
def own(machine: Machine) -> Iterator[Own]:
    """It is root's: others may not be able to read where the daemon lies."""
    for unit in USER:
        machine.write(f"/etc/systemd/user/{unit.name}", as_installed(unit))
    machine.write("/etc/systemd/system/manager.service", MANAGER)
    machine.write(CONFIG, '[program.web]\ncommand = "sleep 1000"\n')
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "manager")
    try:
        yield Own(machine)
    finally:
        machine.run("systemctl", "stop", "manager")
        for folder in ("etc", "var/lib", "var/log", "run"):
            machine.run("rm", "-rf", f"/{folder}/selfhealingd")
        units = [f"/etc/systemd/user/{unit.name}" for unit in USER]
        machine.run("rm", *units, "/etc/systemd/system/manager.service")


def test_each_program_has_its_cgroup(own: Own) -> None:
    """Although nothing but the unit says that it may."""
    own.systemctl("start", "selfhealingd")
    cgroup = own.machine.run("cat", f"/proc/{own.pid()}/cgroup")
    assert "/selfhealingd.service/selfhealingd-" in cgroup


def test_a_crash_leaves_programs_and_a_stop_does_not(own: Own) -> None:
    """As for the whole machine, also where the daemon can't be started again."""
    own.systemctl("start", "selfhealingd")
    pid = own.pid()
    own.machine.write(CONFIG, "nonsense\n")
    own.systemctl("kill", "--kill-who=main", "--signal=KILL", "selfhealingd")
    state = ("is-failed", "selfhealingd")
    until(lambda: own.systemctl(*state, ok=False) == "failed\n")
    assert pid in own.machine.run("ps", "--no-headers", "--pid", pid)
    own.systemctl("stop", "selfhealingd")
    assert "" == own.machine.run("ps", "--no-headers", "--pid", pid, ok=False)
