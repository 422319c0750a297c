"""The daemon as a unit of a machine that has systemd."""

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tomli_w
from systemd_host import Machine, until

import selfhealingd

TOP = Path(__file__).parents[1]
UNITS = TOP / "systemd"
CONFIG = "/etc/selfhealingd/selfhealingd.toml"
FLAGS = "/etc/selfhealingd/flags.env"
NAME = "selfhealingd.service"
PYTHONPATH = Path(selfhealingd.__file__).parents[1]


def as_installed(unit: Path) -> str:
    """Return a unit's text with commands that are there."""
    command = rf"{sys.executable} -m \1"
    text = re.sub(r"/usr/bin/(selfhealingd|selfhealctl)\b", command, unit.read_text())
    where = f"[Service]\nEnvironment=PYTHONPATH={PYTHONPATH}\n"
    return text.replace("[Service]\n", where)


class Unit:
    """The daemon's unit, and the operator in front of it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        cursor = ("--lines=1", "--quiet", "--output=export")
        said = machine.run("journalctl", *cursor)
        self._before = said.partition("__CURSOR=")[2].partition("\n")[0]

    def install(self, **settings: str) -> None:
        """Put the units there, with these of [Service] changed."""
        for file in UNITS.glob("selfhealingd*.*"):
            self.machine.write(f"/etc/systemd/system/{file.name}", as_installed(file))
        lines = "".join(f"{key}={value}\n" for key, value in settings.items())
        folder = f"/etc/systemd/system/{NAME}.d"
        self.machine.write(f"{folder}/test.conf", f"[Service]\n{lines}")
        self.machine.run("systemctl", "daemon-reload")

    def remove(self) -> None:
        """Stop everything and forget it."""
        for sort in ("socket", "service"):
            self.machine.run("systemctl", "stop", f"selfhealingd.{sort}", ok=False)
        self.systemctl("kill", "--kill-who=all", "--signal=KILL", ok=False)
        self.systemctl("reset-failed", ok=False)
        until(lambda: not self.pids())
        for folder in ("etc", "var/lib", "var/log", "run"):
            self.machine.run("rm", "-rf", f"/{folder}/selfhealingd", f"/{folder}/moved")
        self.machine.run("rm", "-rf", f"/etc/systemd/system/{NAME}.d")

    def configure(
        self, programs: Mapping[str, str], **tables: Mapping[str, object]
    ) -> None:
        """Write a config: programs, each a shell script."""
        table = {
            name: {"command": ["sh", "-c", script], "startsecs": 0.2, "stopwaitsecs": 5}
            for name, script in programs.items()
        }
        self.machine.write(CONFIG, tomli_w.dumps({"program": table, **tables}))

    def systemctl(self, verb: str, *arguments: str, ok: bool = True) -> str:
        """Do something with the unit; return what was said."""
        return self.machine.run("systemctl", verb, *arguments, NAME, ok=ok)

    def show(self, name: str) -> str:
        """Return a property of the unit."""
        return self.systemctl("show", "--value", f"--property={name}").strip()

    def ctl(self, *arguments: str, ok: bool = True) -> str:
        """Run the client; return what it said."""
        environ = ("env", f"PYTHONPATH={PYTHONPATH}")
        command = (sys.executable, "-m", "selfhealctl", *arguments)
        return self.machine.run(*environ, *command, ok=ok)

    def status(self) -> Any:
        """Return the status document."""
        return json.loads(self.ctl("status", "--json", ok=False))

    def programs(self) -> dict[str, Any]:
        """Return the status's programs by name; none while nobody answers."""
        said = self.ctl("status", "--json", ok=False)
        if not said.startswith("{"):
            return {}
        return {program["name"]: program for program in json.loads(said)["programs"]}

    def running(self, *names: str) -> dict[str, int]:
        """Wait until programs run; return their pids on the machine."""
        self.until(
            lambda: (
                {
                    name
                    for name, program in self.programs().items()
                    if program["state"] == "RUNNING"
                }
                >= set(names)
            )
        )
        found = self.programs()
        return {name: found[name]["pid"] for name in names}

    def pids(self) -> list[int]:
        """Return who is in the unit's cgroup, in those below it, too."""
        folder = f"/sys/fs/cgroup/system.slice/{NAME}"
        script = (
            f"find {folder} -name cgroup.procs -exec cat {{}} + 2>/dev/null || true"
        )
        return [int(pid) for pid in self.machine.run("sh", "-c", script).split()]

    def freeze(self) -> None:
        """Let the daemon hang so that only SIGKILL gets through to it.

        After a SIGSTOP it would go on for a moment: systemd's SIGTERM has a SIGCONT
        with it, and what it says then makes systemd wait.
        """
        cgroup = f"/sys/fs/cgroup/system.slice/{NAME}/frozen"
        self.machine.run("mkdir", cgroup)
        self.machine.run("tee", f"{cgroup}/cgroup.procs", stdin=self.show("MainPID"))
        self.machine.run("tee", f"{cgroup}/cgroup.freeze", stdin="1")

    def take_away(self, signal: str) -> None:
        """Signal the daemon so that systemd must restart it; wait for that."""
        self.systemctl("kill", "--kill-who=main", f"--signal={signal}")
        self.until(lambda: self.show("NRestarts") == "1")
        self.until(lambda: self.show("ActiveState") == "active")

    def log(self, *which: str) -> str:
        """Return the unit's log, since this test began."""
        how = ("--no-pager", "--quiet", "--output=cat", f"--unit={NAME}")
        return self.machine.run(
            "journalctl", *how, f"--after-cursor={self._before}", *which
        )

    def until(self, check: Callable[[], object]) -> None:
        """Wait for something; tells the log where that does not come."""
        try:
            until(check)
        except AssertionError as error:
            text = f"{error}\n{self.systemctl('status', ok=False)}\n{self.log()}"
            raise AssertionError(text) from error
