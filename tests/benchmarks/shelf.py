"""Where peers are installed: a folder of our own, and nothing of the system."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

INSTALL_SECS = 240


class CannotInstall(Exception):
    """A peer can't be had on this machine; the text says why."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A folder of executables, what they need in the environment, their version."""

    folder: Path
    environ: Mapping[str, str]
    version: str

    def path(self, name: str) -> str:
        """Return the path of an executable; raises CannotInstall."""
        found = self.folder / name
        if not found.exists():
            raise CannotInstall(f"cannot find {name} in {self.folder}")
        return str(found)


class Shelf:
    """A folder in which tools stay, so that a second run finds them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir(parents=True, exist_ok=True)

    def pip(self, package: str, version: str) -> Tool:
        """Install a Python package into a venv of its own; raises CannotInstall."""
        venv = self.folder / f"{package}-{version}"
        mark = venv / "installed"
        if not mark.exists():
            self._run(sys.executable, "-m", "venv", str(venv))
            pip = (str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet")
            self._run(*pip, "--disable-pip-version-check", f"{package}=={version}")
            mark.touch()
        return Tool(venv / "bin", {}, version)

    def npm(self, package: str, version: str) -> Tool:
        """Install a Node package into a folder of its own; raises CannotInstall."""
        place = self.folder / f"{package}-{version}"
        mark = place / "installed"
        if not mark.exists():
            place.mkdir(exist_ok=True)
            npm = (_needed("npm"), "install", "--silent", "--no-audit", "--no-fund")
            cache = ("--cache", str(self.folder / "npm-cache"))
            self._run(*npm, *cache, "--prefix", str(place), f"{package}@{version}")
            mark.touch()
        return Tool(place / "node_modules" / ".bin", {}, version)

    def debian(self, package: str, executable: str) -> Tool:
        """Use what is installed, or unpack Debian's package; raises CannotInstall.

        Unpacked with the libraries that it lacks, nothing is installed and no service
        of the machine starts.
        """
        if found := shutil.which(executable):
            folder = Path(found).resolve().parent
            return Tool(folder, {}, self._debian_version(package))
        place = self.folder / package
        mark = place / "installed"
        if not mark.exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            mark.write_text(self._unpack(package, place))
        libraries = sorted({str(file.parent) for file in place.rglob("*.so.*")})
        environ = {"LD_LIBRARY_PATH": ":".join(libraries)} if libraries else {}
        folder = place / "usr" / "bin"
        environ["PATH"] = f"{folder}:{os.environ.get('PATH', os.defpath)}"
        return Tool(folder, environ, mark.read_text())

    def _unpack(self, package: str, place: Path) -> str:
        plan = self._run(
            *(_needed("apt-get"), "install", "--simulate", "--quiet=2"),
            *("--no-install-recommends", package),
        )
        lines = [line.split() for line in plan.splitlines()]
        needed = {line[1]: line[2] for line in lines if line[:1] == ["Inst"]}
        if package not in needed:
            raise CannotInstall(f"cannot download {package}: apt-get does not offer it")
        for name in needed:
            self._run("apt-get", "download", "--quiet=2", name, cwd=place)
        for file in place.glob("*.deb"):
            self._run("dpkg-deb", "--extract", str(file), str(place))
        return _upstream(needed[package].removeprefix("("))

    def _debian_version(self, package: str) -> str:
        query = ("dpkg-query", "--show", "--showformat=${Version}", package)
        try:
            return _upstream(self._run(*query))
        except CannotInstall:
            return "of this machine"

    def _run(self, *command: str, cwd: Path | None = None) -> str:
        try:
            done = subprocess.check_output(
                command,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stderr=subprocess.STDOUT,
                timeout=INSTALL_SECS,
                env={**os.environ, "HOME": str(self.home)},
            )
        except subprocess.CalledProcessError as error:
            said = error.stdout.decode(errors="replace").strip().splitlines()[-3:]
            text = f"cannot run {' '.join(command[:4])} …: {'; '.join(said)}"
            raise CannotInstall(text) from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CannotInstall(f"cannot run {command[0]}: {error}") from error
        return done.decode(errors="replace")


def _upstream(version: str) -> str:
    """Return a Debian version without its epoch and Debian's own revision."""
    return version.rpartition(":")[2].partition("-")[0]


def _needed(executable: str) -> str:
    found = shutil.which(executable)
    if found is None:
        raise CannotInstall(f"cannot find {executable} on PATH")
    return found
