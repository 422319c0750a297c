"""What is built is the same each time, and has what a user needs beside the code."""

import email
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.process

TOP = Path(__file__).parents[2]
NEEDED = {
    "anthropic",
    "h11",
    "jeepney",
    "msgspec",
    "psutil",
    "structlog",
    "tomli-w",
    "trio",
    "typer",
}


@dataclass(frozen=True)
class Built:
    """An sdist and a wheel."""

    sdist: Path
    wheel: Path


def build(source: Path, out: Path) -> Built:
    """Build both from a folder."""
    subprocess.check_call(
        [sys.executable, "-m", "hatchling", "build", "-d", str(out)],
        cwd=source,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1767225600"},
    )
    [sdist], [wheel] = out.glob("*.tar.gz"), out.glob("*.whl")
    return Built(sdist, wheel)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(TOP, tmp_path_factory.mktemp("built"))


def test_the_same_tree_makes_the_same_bytes(built: Built, tmp_path: Path) -> None:
    """In another folder, from files of another age and mode, from an sdist."""
    # Which filter Python's own way wants, or knows, depends on its version.
    subprocess.check_call(["tar", "-xf", built.sdist, "-C", tmp_path])
    [tree] = tmp_path.iterdir()
    for path in tree.rglob("*"):
        path.chmod(0o700 if path.is_dir() or os.access(path, os.X_OK) else 0o600)
        os.utime(path, (1, 1))
    again = build(tree, tmp_path / "again")
    assert built.wheel.read_bytes() == again.wheel.read_bytes()
    assert built.sdist.read_bytes() == again.sdist.read_bytes()


def test_a_wheel_has_what_goes_beside_the_code(built: Built) -> None:
    """All of etc/ (but how to make packages), systemd/ and the manual pages."""
    with zipfile.ZipFile(built.wheel) as archive:
        names = archive.namelist()
    shipped = "selfhealingd/shipped/"
    expected = {
        str(path.relative_to(TOP))
        for folder in ("etc", "systemd", "docs/man")
        for path in (TOP / folder).rglob("*")
        if path.is_file() and TOP / "etc" / "packaging" not in path.parents
    }
    found = {n.removeprefix(shipped) for n in names if n.startswith(shipped)}
    assert expected == found
    tops = {name.partition("/")[0].partition("-")[0] for name in names}
    assert {"selfhealctl", "selfhealingd"} == tops


def test_an_install_brings_what_the_daemon_needs(built: Built) -> None:
    """And nothing of what its tests need."""
    with zipfile.ZipFile(built.wheel) as archive:
        [name] = [n for n in archive.namelist() if n.endswith("/METADATA")]
        metadata = email.message_from_bytes(archive.read(name))
    lines = metadata.get_all("Requires-Dist", [])
    needed = {Requirement(line) for line in lines if "extra" not in line}
    assert NEEDED == {one.name for one in needed}


def test_an_installed_wheel_knows_what_to_put_where(
    built: Built, tmp_path: Path
) -> None:
    """Units that start the daemon of this very wheel; without root a dry run."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    here = ["--ignore-installed", f"--prefix={tmp_path}"]
    subprocess.check_call([*pip, *here, str(built.wheel)])
    [site] = tmp_path.glob("lib/*/site-packages")
    program = tmp_path / "bin" / "selfhealingd"
    told = subprocess.check_output(
        [program, "--install-systemd", "--dry-run"],
        env={**os.environ, "PYTHONPATH": str(site)},
        text=True,
    ).splitlines()
    targets = {line.split()[-1] for line in told if line}
    for target in (
        "/etc/selfhealingd/selfhealingd.toml",
        "/usr/local/lib/systemd/system/selfhealingd.service",
        "/usr/local/share/man/man8/selfhealingd.8",
    ):
        assert target in targets
    assert f"  {program} --install-systemd" == told[-1]
    # Whoever looks at the first line alone keeps nothing from being put in place.
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        process = subprocess.Popen(
            [program, "--install-systemd", "--dry-run"],
            env={**os.environ, "PYTHONPATH": str(site)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
        _, said = process.communicate()
    assert "selfhealingd: cannot tell more: no space left on device\n" == said
    assert 0 == process.returncode
    assert (site / "selfhealingd/shipped/systemd/selfhealingd.service").is_file()
