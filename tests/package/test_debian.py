"""The Debian package: built from the tree, and installed where that can't hurt."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from systemd_host import Machine, until, why_not

import selfhealingd

TOP = Path(__file__).parents[2]
BUILD = TOP / "etc" / "packaging" / "debian" / "build.sh"
CHROOT = Path(__file__).with_name("chroot.sh")
CONFIG = "/etc/selfhealingd/selfhealingd.toml"

pytestmark = [
    pytest.mark.process,
    pytest.mark.timeout(300),  # packages may come over a slow line
    pytest.mark.skipif(
        os.geteuid() != 0 or not Path("/etc/debian_version").exists(),
        reason="installing a Debian package takes root on Debian",
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the package into a folder of its own."""
    made = tmp_path_factory.mktemp("deb")
    built = ["sh", str(BUILD), str(made), "--no-build-isolation"]
    environ = {**os.environ, "PYTHON": sys.executable}
    process = subprocess.Popen(
        built, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said, _ = process.communicate()
    if "No matching distribution found" in said and not os.environ.get("CI"):
        pytest.skip("pip reaches no index that has what the daemon needs")
    assert 0 == process.returncode, said
    return made


def on_a_copy(folder: Path, script: str) -> str:
    """Run a script as root on a copy of this machine; return what it says."""
    return subprocess.check_output(
        [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "sh",
            str(CHROOT),
            str(folder),
            script,
        ],
        text=True,
        stderr=subprocess.STDOUT,
    )


def test_it_has_everything_where_debian_looks_for_it(folder: Path) -> None:
    """Each unit, page, completion and command."""
    [package] = folder.glob("*.deb")
    listing = subprocess.check_output(["dpkg-deb", "--contents", package], text=True)
    paths = {line.split()[5].removeprefix(".") for line in listing.splitlines()}
    units = [path for path in (TOP / "systemd").iterdir() if path.is_file()]
    assert units
    expected = {f"/usr/lib/systemd/system/{unit.name}" for unit in units}
    pages = (TOP / "docs" / "man").iterdir()
    expected |= {f"/usr/share/man/man{p.suffix[1:]}/{p.name}.gz" for p in pages}
    expected |= {"/usr/bin/selfhealingd", "/usr/bin/selfhealctl", CONFIG}
    expected |= {"/usr/lib/sysusers.d/selfhealingd.conf"}
    expected |= {"/usr/lib/tmpfiles.d/selfhealingd.conf"}
    expected |= {"/usr/share/bash-completion/completions/selfhealctl"}
    assert set() == expected - paths


def test_it_installs_upgrades_and_goes(folder: Path) -> None:
    """It runs on Debian's own Python; a changed config outlives all but a purge.

    Nothing of it knows where it was built.
    """
    said = on_a_copy(
        folder,
        f"""
        mark() {{ echo "== $*"; }}
        dpkg -i /mnt/*.deb
        mark versions; selfhealingd --version; selfhealctl --version
        mark check; selfhealingd --check
        mark group; getent group selfheal
        mark traces; grep -rlF -e {TOP} -e /tmp/tmp. /usr/lib/selfhealingd || echo none
        echo '# mine' >> {CONFIG}
        dpkg -i /mnt/*.deb
        mark kept; tail -n 1 {CONFIG}
        dpkg -r selfhealingd
        mark removed; ls /usr/lib/selfhealingd /usr/bin/selfhealctl || :
        mark left; tail -n 1 {CONFIG}
        dpkg -P selfhealingd
        mark purged; ls -d /etc/selfhealingd /var/lib/selfhealingd || echo gone
        """,
    )
    version = selfhealingd.__version__
    parts = {
        title: text.splitlines()
        for title, _, text in (part.partition("\n") for part in said.split("== "))
    }
    assert [f"selfhealingd {version}", f"selfhealctl {version}"] == parts["versions"]
    assert [f"{CONFIG}: no mistakes; 0 programs, 0 tasks"] == parts["check"]
    assert parts["group"][0].startswith("selfheal:")
    assert "none" == parts["traces"][0]
    assert "# mine" == parts["kept"][0]
    assert 2 == sum("No such file" in line for line in parts["removed"])
    assert "# mine" == parts["left"][0]
    assert "gone" == parts["purged"][-1]


@pytest.fixture
def machine() -> Iterator[Machine]:
    """Return a machine on which the package was never installed."""
    reason = why_not()
    assert reason is None or not os.environ.get("CI"), reason
    if reason is not None:
        pytest.skip(reason)
    made = Machine()
    try:
        # With it images of Debian keep every service from being started.
        made.run("rm", "-f", "/usr/sbin/policy-rc.d")
        yield made
    finally:
        made.close()


def test_it_starts_and_stops_with_systemd(folder: Path, machine: Machine) -> None:
    """Well at once on a machine with systemd; gone when removed; well again."""
    [package] = folder.glob("*.deb")
    machine.run("dpkg", "--install", str(package))

    def active() -> bool:
        state = machine.run("systemctl", "is-active", "selfhealingd", ok=False)
        return state == "active\n"

    until(active)
    assert "healthy" in machine.run("selfhealctl", "health")
    assert "enabled\n" == machine.run("systemctl", "is-enabled", "selfhealingd")
    machine.run("dpkg", "--remove", "selfhealingd")
    assert not active()
    machine.run("dpkg", "--install", str(package))
    until(active)


def test_an_upgrade_leaves_programs_alone_and_a_removal_leaves_none(
    folder: Path, machine: Machine
) -> None:
    """Of an upgrade it is told how to go on with it, without stopping anything."""
    [package] = folder.glob("*.deb")
    machine.run("dpkg", "--install", str(package))
    machine.write(CONFIG, '[program.web]\ncommand = "sleep 1000"\n')
    machine.run("systemctl", "restart", "selfhealingd")

    def pid() -> str:
        said = machine.run("selfhealctl", "status", "--json", ok=False)
        return str(json.loads(said)["programs"][0]["pid"]) if said[:1] == "{" else ""

    until(lambda: pid().isdecimal())
    before = pid()
    said = machine.run("dpkg", "--install", str(package))
    assert "to go on as the new version: selfhealctl upgrade\n" in said
    machine.run("selfhealctl", "upgrade")
    assert before == pid()
    machine.run("systemctl", "kill", "--kill-who=main", "--signal=KILL", "selfhealingd")
    machine.run("dpkg", "--remove", "selfhealingd")
    assert "" == machine.run("ps", "--no-headers", "--pid", before, ok=False)


def test_a_service_that_does_not_start_leaves_dpkg_whole(
    folder: Path, machine: Machine
) -> None:
    """Such as with a config of before that has mistakes."""
    [package] = folder.glob("*.deb")
    machine.write(CONFIG, "nonsense\n")
    keep = ("dpkg", "--force-confold", "--install", str(package))
    assert "it did not start: systemctl status selfhealingd" in machine.run(*keep)
    state = machine.run(
        "dpkg-query", "--show", "--showformat=${Status}", "selfhealingd"
    )
    assert "install ok installed" == state
