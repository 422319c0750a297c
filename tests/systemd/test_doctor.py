"""What ``selfhealctl doctor`` tells of the unit, under a real systemd."""

import json
from typing import Any

import pytest
from systemd_unit import NAME, Unit

pytestmark = pytest.mark.process


def examined(unit: Unit) -> dict[str, Any]:
    """Return what is not well of unit, daemon and cgroups, and these if they are."""
    found = json.loads(unit.ctl("doctor", "--json", ok=False))
    kept = ("unit", "daemon", "cgroups")
    return {one["words"]: one for one in reversed(found) if one["what"] in kept}


def test_the_unit_is_examined(unit: Unit) -> None:
    """Whether it starts at boot, is the package's, loaded as it is, and up at all."""
    unit.configure({"web": "exec sleep 1000"})
    unit.systemctl("start")
    unit.running("web")
    found = examined(unit)
    assert "ok" == found["each program has its own"]["level"]
    boot = found["it does not start at boot"]
    assert ("warning", "systemctl enable selfhealingd") == (boot["level"], boot["do"])
    own = found[f"systemd takes your {NAME}, and nothing of what this version has"]
    assert f"/etc/systemd/system/{NAME}" == own["where"]
    settings = f"/etc/systemd/system/{NAME}.d/test.conf"
    unit.machine.write(settings, "[Service]\nNice=1\n")
    stale = examined(unit)["its file changed since systemd read it"]
    assert "systemctl daemon-reload" == stale["do"]
    unit.machine.run("systemctl", "daemon-reload")
    unit.systemctl("stop")
    found = examined(unit)
    assert "systemctl start selfhealingd" == found["it is inactive"]["do"]
    assert "problem" in {one["level"] for one in found.values()}
