"""circus, from PyPI."""

from typing import Self

from benchmarks.peer import Launch, Pace, Peer, Setting
from benchmarks.shelf import Shelf, Tool

VERSION = "0.19.0"

CONFIG = """
[circus]
endpoint = {endpoint}
pubsub_endpoint = ipc://{folder}/pubsub
statsd = false
loglevel = error
logoutput = {folder}/circus.log
"""
PROGRAM = """
[watcher:{name}]
cmd = {program}
args = {argument}
"""
LOG = """
stdout_stream.class = FileStream
stdout_stream.filename = {log}
"""


class Circus(Peer):
    name = "circus"
    # It looks round every 5 s, whatever happens between; 30 crashes fill a round.
    pace = Pace(0.1, 0.5, overlap=True)

    def __init__(self, tool: Tool) -> None:
        self.version = tool.version
        self._daemon = tool.path("circusd")
        self._client = tool.path("circusctl")

    @classmethod
    def install(cls, shelf: Shelf) -> Self:
        return cls(shelf.pip("circus", VERSION))

    def prepare(self, setting: Setting) -> Launch:
        endpoint = f"ipc://{setting.folder}/s"
        text = CONFIG.format(folder=setting.folder, endpoint=endpoint)
        for name, argument in setting.arguments.items():
            text += PROGRAM.format(
                name=name, program=setting.program, argument=argument
            )
            if setting.logged:
                text += LOG.format(log=setting.logs / name)
        config = setting.folder / "circus.ini"
        config.write_text(text)
        return Launch(
            (self._daemon, str(config)),
            (self._client, "--endpoint", endpoint, "status"),
            {},
        )
