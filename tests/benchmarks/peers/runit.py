"""runit, from Debian. Its run files are the program itself: no shell is measured."""

from typing import Self

from benchmarks.peer import Launch, Peer, Setting, shebang
from benchmarks.shelf import Shelf, Tool

LOGGER = """#!/bin/sh
exec svlogd {log}
"""


class Runit(Peer):
    name = "runit"

    def __init__(self, tool: Tool) -> None:
        self.version = tool.version
        self._environ = tool.environ
        self._daemon = tool.path("runsvdir")
        self._client = tool.path("sv")

    @classmethod
    def install(cls, shelf: Shelf) -> Self:
        return cls(shelf.debian("runit", "runsvdir"))

    def prepare(self, setting: Setting) -> Launch:
        services = setting.folder / "services"
        for name, argument in setting.arguments.items():
            shebang(setting, argument, services / name / "run")
            if setting.logged:
                _keep_output(setting, name)
        folders = [str(services / name) for name in setting.arguments]
        return Launch(
            (self._daemon, str(services)),
            (self._client, "status", *folders),
            self._environ,
        )


def _keep_output(setting: Setting, name: str) -> None:
    log = setting.logs / name
    log.mkdir()
    (log / "config").write_text("s0\nn0\n")  # no rotation
    logger = setting.folder / "services" / name / "log" / "run"
    logger.parent.mkdir()
    logger.write_text(LOGGER.format(log=log))
    logger.chmod(0o755)
