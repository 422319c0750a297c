"""nginx as Debian runs it, under systemd: watched, broken, and healed."""

import json
import os
import shutil
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from systemd_host import Machine, until
from systemd_unit import Unit

pytestmark = pytest.mark.process

CONFIG = "/etc/nginx/nginx.conf"


class Nginx:
    """Its unit, with a config of our own: a machine's port 80 may be another's."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # The fixture keeps down all that is enabled.
        machine.run("rm", "-f", "/etc/systemd/system/nginx.service")
        machine.run("systemctl", "daemon-reload")
        self.configure()

    def configure(self, more: str = "") -> None:
        """Write its config; ``more`` may be wrong."""
        self.machine.write(
            CONFIG,
            f"pid /run/nginx.pid;\nworker_processes 1;\nevents {{}}\n{more}\n"
            f"http {{ server {{ listen 127.0.0.1:{self.port}; return 204; }} }}\n",
        )

    def systemctl(self, verb: str, *, ok: bool = True) -> str:
        """Do something with its unit, as an operator would."""
        return self.machine.run("systemctl", verb, "nginx", ok=ok)

    @property
    def pid(self) -> int:
        """Its main process."""
        command = ("systemctl", "show", "--value", "--property=MainPID", "nginx")
        return int(self.machine.run(*command))

    def kill(self, signal: str, whom: str = "main") -> None:
        """Signal it behind its manager's back."""
        command = ("systemctl", "kill", f"--signal={signal}", f"--kill-who={whom}")
        self.machine.run(*command, "nginx")

    def is_up(self) -> bool:
        """Whether systemd says so."""
        return self.systemctl("is-active", ok=False).strip() == "active"


@pytest.fixture
def nginx(machine: Machine) -> Iterator[Nginx]:
    if shutil.which("nginx") is None:
        # A CI that tests nothing of this must not look as if it did.
        assert "CI" not in os.environ, "not installed: nginx"
        pytest.skip("not installed: nginx")
    made = Nginx(machine)
    made.systemctl("start")
    try:
        yield made
    finally:
        made.systemctl("kill", ok=False)
        made.systemctl("stop", ok=False)
        made.systemctl("reset-failed", ok=False)


def watched(unit: Unit, **keys: Any) -> None:
    """Start a daemon that watches nginx."""
    healing = {"verify_secs": 1, "backoff_initial": 0.5}
    unit.configure({}, watch={"nginx": {"systemd": "nginx", **keys}}, healing=healing)
    unit.systemctl("start")
    until(lambda: state(unit) == "RUNNING")


def watch(unit: Unit) -> dict[str, Any]:
    """Return what the status says of it."""
    [one] = unit.status()["watches"]
    assert isinstance(one, dict)
    return one


def state(unit: Unit) -> str:
    return str(watch(unit)["state"])


def ended(unit: Unit) -> list[dict[str, Any]]:
    """Return the incidents that are over."""
    incidents = json.loads(unit.ctl("incidents", "--json"))
    return [one for one in incidents if one["outcome"] is not None]


def kept(unit: Unit) -> str:
    """Return the evidence of its latest incident, as far as there is any."""
    return unit.ctl("evidence", "nginx", "--json", ok=False)


def test_a_killed_nginx_is_started_again(unit: Unit, nginx: Nginx) -> None:
    """Its manager leaves it failed; it comes up, and that is verified."""
    watched(unit)
    before = nginx.pid
    nginx.kill("KILL")
    until(lambda: ended(unit))
    [incident] = ended(unit)
    assert ("exit", "healed") == (incident["cause"], incident["outcome"])
    assert "killed by SIGKILL" in incident["detail"]
    assert nginx.is_up()
    assert nginx.pid != before
    assert nginx.pid == watch(unit)["pid"]
    # What its manager said of the end is kept.
    until(lambda: "output" in kept(unit))
    assert "code=killed, status=9/KILL" in kept(unit)
    assert "journalctl -e --unit=nginx.service" in unit.ctl("show", "nginx", "--json")


def test_a_frozen_nginx_is_restarted(unit: Unit, nginx: Nginx) -> None:
    """It is up and listens, and answers nothing: only a probe can tell."""
    liveness = {
        "http": f"http://127.0.0.1:{nginx.port}/",
        "period": 0.5,
        "timeout": 0.5,
        "failure_threshold": 2,
    }
    watched(unit, liveness=liveness)
    before = nginx.pid
    nginx.kill("STOP", "all")
    until(lambda: ended(unit))
    [incident] = ended(unit)
    assert ("probe", "healed") == (incident["cause"], incident["outcome"])
    assert nginx.is_up()
    assert nginx.pid != before


def test_a_failed_nginx_comes_up_once_it_is_mended(unit: Unit, nginx: Nginx) -> None:
    """A config with a mistake: each start fails, until somebody mends it."""
    watched(unit)
    nginx.configure("no_such_directive on;")
    nginx.kill("KILL")
    until(lambda: unit.status()["selfHealing"]["failedHealings"] >= 1)
    assert not nginx.is_up()
    nginx.configure()
    until(lambda: ended(unit))
    assert nginx.is_up()
    assert "RUNNING" == state(unit)


def test_a_stopped_nginx_is_left_alone(unit: Unit, nginx: Nginx) -> None:
    """Whoever stops it by systemctl wins, and so does who starts it again."""
    watched(unit)
    nginx.systemctl("stop")
    until(lambda: state(unit) == "STOPPED")
    unit.systemctl("restart")
    until(lambda: unit.status()["watches"])
    until(lambda: state(unit) == "STOPPED")
    assert not nginx.is_up()
    nginx.systemctl("start")
    until(lambda: state(unit) == "RUNNING")
    nginx.systemctl("restart")
    until(lambda: watch(unit)["pid"] == nginx.pid)
    assert [] == ended(unit)
    assert 0 == unit.status()["selfHealing"]["totalAttempts"]


def test_a_restart_by_systemd_is_waited_for(unit: Unit, nginx: Nginx) -> None:
    """With Restart= of its own it is in systemd's hands, and needs none of ours."""
    drop_in = "/etc/systemd/system/nginx.service.d/restart.conf"
    unit.machine.write(drop_in, "[Service]\nRestart=always\nRestartSec=1s\n")
    unit.machine.run("systemctl", "daemon-reload")
    try:
        watched(unit)
        before = nginx.pid
        nginx.kill("KILL")
        until(lambda: watch(unit)["pid"] not in {None, before})
        assert nginx.pid == watch(unit)["pid"]
        assert 0 == unit.status()["selfHealing"]["totalAttempts"]
    finally:
        unit.machine.run("rm", drop_in)
        unit.machine.run("systemctl", "daemon-reload")


def test_an_operator_moves_nginx_by_the_client(unit: Unit, nginx: Nginx) -> None:
    """Stop, start, restart and pid are systemd's, by the watch's name."""
    watched(unit)
    unit.ctl("stop", "nginx")
    assert not nginx.is_up()
    unit.ctl("start", "nginx")
    before = nginx.pid
    unit.ctl("restart", "nginx")
    assert nginx.is_up()
    assert nginx.pid != before
    assert str(nginx.pid) == unit.ctl("pid", "nginx").strip()


def test_the_end_of_the_daemon_leaves_nginx_alone(unit: Unit, nginx: Nginx) -> None:
    """Stopped, killed, started: it is the same process all along."""
    watched(unit)
    before = nginx.pid
    unit.systemctl("stop")
    unit.systemctl("start")
    until(lambda: state(unit) == "RUNNING")
    unit.take_away("KILL")
    until(lambda: watch(unit)["pid"] == before)
    assert nginx.pid == before


def test_systemd_is_asked_by_itself(unit: Unit, nginx: Nginx) -> None:
    """Where there is no systemctl for the daemon, it is seen all the same."""
    unit.install(Environment="PATH=/nonexistent")
    watched(unit)
    assert nginx.pid == watch(unit)["pid"]
    nginx.systemctl("stop")
    until(lambda: state(unit) == "STOPPED")


def test_what_a_command_starts_outlives_the_daemon(unit: Unit) -> None:
    """It is put outside of the daemon's unit, all of which ends with a stop."""
    script = "sleep 1000.5 >/dev/null 2>&1 & echo $! >/run/sleeper.pid"
    table = {"pidfile": "/run/sleeper.pid", "start": ["sh", "-c", script]}
    unit.configure({}, watch={"sleeper": table}, healing={"verify_secs": 1})
    unit.systemctl("start")
    until(lambda: state(unit) == "RUNNING")
    pid = watch(unit)["pid"]
    assert pid not in unit.pids()
    unit.systemctl("stop")
    assert "sleep" in unit.machine.run("ps", "-o", "args=", "-p", str(pid))
    unit.machine.run("kill", str(pid))
