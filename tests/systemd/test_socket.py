"""The control socket as systemd's: it is there while the daemon is not."""

import pytest
from systemd_unit import UNITS, Unit

pytestmark = pytest.mark.process


def test_the_first_client_starts_the_daemon(unit: Unit) -> None:
    """And waits for its answer; at the daemon's end the socket stays."""
    unit.machine.run(
        "systemd-sysusers", str(UNITS / "sysusers.d" / "selfhealingd.conf")
    )
    unit.configure({"web": "exec sleep 1000"})
    unit.machine.run("systemctl", "start", "selfhealingd.socket")
    assert "inactive" == unit.show("ActiveState")
    assert ["web"] == list(unit.programs())
    assert "active" == unit.show("ActiveState")
    unit.running("web")
    unit.systemctl("stop")
    unit.machine.run("test", "-S", "/run/selfhealingd/control.sock")
    assert "660 selfheal" in unit.machine.run(
        "stat", "--format=%a %G", "/run/selfhealingd/control.sock"
    )
    assert ["web"] == list(unit.programs())


def test_a_socket_elsewhere_than_the_config_says_is_told(unit: Unit) -> None:
    """Clients and daemon would miss each other."""
    unit.machine.run(
        "systemd-sysusers", str(UNITS / "sysusers.d" / "selfhealingd.conf")
    )
    unit.install(Restart="no")
    unit.configure({}, control={"socket": "/run/selfhealingd/other.sock"})
    unit.machine.run("systemctl", "start", "selfhealingd.socket")
    unit.systemctl("start", ok=False)
    assert "failed" == unit.show("ActiveState")
    assert "ListenStream=" in unit.log()
