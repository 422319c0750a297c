"""PM2, from npm. Its daemon outlives the command that starts it."""

import json
from typing import Self

from benchmarks.peer import Launch, Peer, Setting
from benchmarks.shelf import Shelf, Tool

VERSION = "7.0.4"


class Pm2(Peer):
    name = "PM2"

    def __init__(self, tool: Tool) -> None:
        self.version = tool.version
        self._client = tool.path("pm2")

    @classmethod
    def install(cls, shelf: Shelf) -> Self:
        return cls(shelf.npm("pm2", VERSION))

    def prepare(self, setting: Setting) -> Launch:
        apps = []
        for name, argument in setting.arguments.items():
            log = str(setting.logs / name) if setting.logged else "/dev/null"
            apps.append(
                {
                    "name": name,
                    "script": str(setting.program),
                    "args": [argument],
                    "interpreter": "none",
                    "exec_mode": "fork",
                    "out_file": log,
                    "error_file": "/dev/null",
                }
            )
        config = setting.folder / "apps.json"
        config.write_text(json.dumps({"apps": apps}))
        environ = {"PM2_HOME": str(setting.folder / "pm2")}
        return Launch(
            (self._client, "start", str(config)), (self._client, "list"), environ
        )
