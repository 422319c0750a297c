"""supervisord, from PyPI."""

from typing import Self

from benchmarks.peer import Launch, Peer, Setting
from benchmarks.shelf import Shelf, Tool

VERSION = "4.3.0"

CONFIG = """
[supervisord]
nodaemon=true
silent=true
logfile=/dev/null
logfile_maxbytes=0
loglevel=critical
pidfile={folder}/pid
childlogdir={folder}
minfds={files}
[unix_http_server]
file={folder}/s
[supervisorctl]
serverurl=unix://{folder}/s
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
PROGRAM = """
[program:{name}]
command={program} {argument}
autorestart=true
stdout_logfile={log}
stdout_logfile_maxbytes=0
stderr_logfile=NONE
"""


class Supervisord(Peer):
    name = "supervisord"

    def __init__(self, tool: Tool) -> None:
        self.version = tool.version
        self._daemon = tool.path("supervisord")
        self._client = tool.path("supervisorctl")

    @classmethod
    def install(cls, shelf: Shelf) -> Self:
        return cls(shelf.pip("supervisor", VERSION))

    def prepare(self, setting: Setting) -> Launch:
        files = 6 * len(setting.arguments) + 256  # pipes for each program
        text = CONFIG.format(folder=setting.folder, files=files)
        for name, argument in setting.arguments.items():
            log = setting.logs / name if setting.logged else "NONE"
            text += PROGRAM.format(
                name=name, program=setting.program, argument=argument, log=log
            )
        config = setting.folder / "supervisord.conf"
        config.write_text(text)
        return Launch(
            (self._daemon, "-c", str(config)),
            (self._client, "-c", str(config), "status"),
            {},
        )
