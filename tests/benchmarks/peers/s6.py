"""s6, from Debian. Its run files are the program itself: no shell is measured."""

import os
from pathlib import Path
from typing import Self

from benchmarks.peer import Launch, Pace, Peer, Setting, shebang
from benchmarks.shelf import CannotInstall, Shelf, Tool

COMPILED_IN = b"\0/usr/bin/s6-supervise\0"
BESIDE = ".s6/s6-supervise"
# s6-log rotates at 256 MiB at the latest; all that it keeps is counted.
LOGGER = """#!/bin/sh
exec s6-log n100 s268435455 {log}
"""
# s6-svstat shows one service, so the status of all takes as many of them.
STATUS = 'for each in "$1"/*; do printf "%s " "$each"; s6-svstat "$each"; done'


class S6(Peer):
    name = "s6"
    pace = Pace(overlap=True)  # each program has a supervisor of its own

    def __init__(self, tool: Tool) -> None:
        self.version = tool.version
        self._folder = tool.folder
        path = os.environ.get("PATH", os.defpath)
        self._environ = {**tool.environ, "PATH": f"{tool.folder}:{path}"}
        self._daemon = tool.path("s6-svscan")
        tool.path("s6-svstat")

    @classmethod
    def install(cls, shelf: Shelf) -> Self:
        tool = shelf.debian("s6", "s6-svscan")
        if tool.environ:
            _find_beside(Path(tool.path("s6-svscan")))
        return cls(tool)

    def prepare(self, setting: Setting) -> Launch:
        services = setting.folder / "services"
        for name, argument in setting.arguments.items():
            shebang(setting, argument, services / name / "run")
            if setting.logged:
                _keep_output(setting, name)
        (services / ".s6").symlink_to(self._folder)
        places = 2 * len(setting.arguments) + 10  # its default has room for 500
        return Launch(
            (self._daemon, "-c", str(places), str(services)),
            ("sh", "-c", STATUS, "status", str(services)),
            self._environ,
        )


def _find_beside(daemon: Path) -> None:
    """Let an unpacked s6-svscan find s6-supervise, which it knows by a fixed path.

    Raises CannotInstall. That path, and nothing else, becomes one relative to the
    folder of services.
    """
    content = daemon.read_bytes()
    replacement = b"\0" + BESIDE.encode().ljust(len(COMPILED_IN) - 1, b"\0")
    if replacement in content:
        return
    if content.count(COMPILED_IN) != 1:
        raise CannotInstall(
            "cannot run s6 unpacked: s6-svscan names s6-supervise in an unknown way; "
            "install s6 on this machine"
        )
    daemon.write_bytes(content.replace(COMPILED_IN, replacement))


def _keep_output(setting: Setting, name: str) -> None:
    log = setting.logs / name
    logger = setting.folder / "services" / name / "log" / "run"
    logger.parent.mkdir()
    logger.write_text(LOGGER.format(log=log))
    logger.chmod(0o755)
