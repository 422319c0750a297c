"""Our daemon, run by the Python that runs the benchmark."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import tomli_w
from benchmarks.peer import Launch, Peer, Setting
from benchmarks.shelf import CannotInstall, Shelf

ROOT = Path(__file__).parents[3]
ENVIRON = {"PYTHONPATH": str(ROOT)}
VERSION_SECS = 30

# A crash is judged for a second, not ten, so that many can be counted in a short time.
HEALING = {
    "verify_secs": 1,
    "max_concurrent_remedies": 1.0,
    "max_remedies_per_hour": 1_000_000,
}


class Selfhealingd(Peer):
    name = "selfhealingd"

    def __init__(self, version: str) -> None:
        self.version = version

    @classmethod
    def install(cls, shelf: Shelf) -> Self:  # noqa: ARG003 (it is installed)
        """See Peer; it is here, so this shows only that it runs."""
        command = (sys.executable, "-m", "selfhealingd", "--version")
        try:
            said = subprocess.check_output(
                command, cwd=ROOT, timeout=VERSION_SECS, stderr=subprocess.STDOUT
            )
        except (OSError, subprocess.SubprocessError) as error:
            text = f"cannot run {' '.join(command)}: {error}; use a Python that has "
            raise CannotInstall(text + "the project's dependencies") from error
        return cls(said.decode().split()[-1])

    def prepare(self, setting: Setting) -> Launch:
        config = setting.folder / "c.toml"
        socket = setting.folder / "s"
        config.write_text(tomli_w.dumps(_config(setting)))
        daemon = (sys.executable, "-m", "selfhealingd", "--config", str(config))
        client = (sys.executable, "-m", "selfhealctl", "--socket", str(socket))
        return Launch(daemon, (*client, "status"), ENVIRON)


def _config(setting: Setting) -> dict[str, Any]:
    programs = {}
    for name, argument in setting.arguments.items():
        log = str(setting.logs / name) if setting.logged else "NONE"
        programs[name] = {
            "command": [str(setting.program), argument],
            "stdout_logfile": log,
            "stdout_logfile_maxbytes": 0,
            "stderr_logfile": "NONE",
        }
    daemon = {
        "state_dir": "state",
        "runtime_dir": "run",
        "log_dir": "logs",
        "flags_file": "flags.env",
        "log_level": "error",
    }
    return {
        "daemon": daemon,
        "control": {"socket": "s"},
        "healing": HEALING,
        "program": programs,
    }
