"""The unit files themselves."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from systemd_host import Machine
from systemd_unit import CONFIG, NAME, UNITS, Unit, as_installed

pytestmark = pytest.mark.process

DOCS = UNITS.parent / "docs"
SYSTEM = sorted(UNITS.glob("selfhealingd*.*"))
USER = sorted((UNITS / "user").iterdir())


def test_verify_has_nothing_to_say(unit: Unit) -> None:
    """With the hardening example as a drop-in, too."""
    paths = [f"/etc/systemd/system/{file.name}" for file in SYSTEM]
    assert "" == unit.machine.run("systemd-analyze", "verify", "--man=no", *paths)
    hardening = (UNITS / "examples" / "hardening.conf").read_text()
    drop_in = "/etc/systemd/system/selfhealingd.service.d/test.conf"
    unit.machine.write(drop_in, hardening)
    assert "" == unit.machine.run("systemd-analyze", "verify", "--man=no", *paths)


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)
def test_verify_has_nothing_to_say_of_the_user_units(tmp_path: Path) -> None:
    """It needs no running systemd, nor root, but a folder for the user's."""
    files = [tmp_path / unit.name for unit in USER]
    for file, unit in zip(files, USER, strict=True):
        file.write_text(as_installed(unit))
    verify = ["systemd-analyze", "--user", "verify", "--man=no", *map(str, files)]
    said = subprocess.check_output(
        verify,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert "" == said


def test_both_services_end_their_programs_alike() -> None:
    """What is subtle is written twice, as systemd has no way to share it."""

    def lines(file: Path, start: str) -> list[str]:
        text = file.read_text().replace("systemctl --user ", "systemctl ")
        start_at = text.index(start)
        return text[start_at:].partition("'\n")[0].splitlines()

    for name, start in (
        ("selfhealingd.service", "ExecStopPost="),
        ("selfhealingd-programs.service", "[Unit]"),
        ("selfhealingd-stop.target", "[Unit]"),
    ):
        assert lines(UNITS / name, start) == lines(UNITS / "user" / name, start)


def test_the_docs_tell_how_exposed_it_is(unit: Unit) -> None:
    """As ``systemd-analyze security`` of the version that they name has it."""
    version = unit.machine.run("systemctl", "--version").split()[1]
    text = (DOCS / "systemd.md").read_text()
    if f"says, for {version}:" not in text:
        pytest.skip(f"the docs name another version than {version}")
    told = re.findall(
        r"^\| (?:the unit|with the example) \| (\S+) \|$", text, re.MULTILINE
    )
    drop_in = "/etc/systemd/system/selfhealingd.service.d/test.conf"
    hardening = (UNITS / "examples" / "hardening.conf").read_text()
    found = []
    for drop_in_text in ("", hardening):
        unit.machine.write(drop_in, drop_in_text)
        unit.machine.run("systemctl", "daemon-reload")
        said = unit.machine.run("systemd-analyze", "security", NAME)
        found += re.findall(r"Overall exposure level .*: (\S+)", said)
    assert told == found


def test_sysusers_and_tmpfiles_are_understood(machine: Machine) -> None:
    """A group for those who may look."""
    machine.run("systemd-sysusers", str(UNITS / "sysusers.d" / "selfhealingd.conf"))
    assert "selfheal" in machine.run("getent", "group", "selfheal")


def test_the_hardened_unit_runs_programs(unit: Unit) -> None:
    """As other users, too, and stopped in order: it has what the daemon needs."""
    hardening = (UNITS / "examples" / "hardening.conf").read_text()
    # The interpreter of these tests may be there.
    visible = "ProtectHome=no\n"
    drop_in = "/etc/systemd/system/selfhealingd.service.d/hardening.conf"
    unit.machine.write(drop_in, hardening + visible)
    unit.machine.run("systemctl", "daemon-reload")
    unit.configure({"web": "exec sleep 1000"})
    config = unit.machine.path(CONFIG)
    config.write_text(config.read_text() + 'user = "nobody"\n')
    unit.systemctl("start")
    pid = unit.running("web")["web"]
    assert "NoNewPrivs:\t1" in unit.machine.run("cat", f"/proc/{pid}/status")
    unit.systemctl("stop")
    assert [] == unit.pids()
