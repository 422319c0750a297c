"""monit, from Debian, looking every second. It knows its programs by pidfiles."""

from typing import Self

from benchmarks.peer import Launch, Pace, Peer, Setting
from benchmarks.shelf import Shelf, Tool

CONFIG = """
set daemon 1
set log /dev/null
set pidfile {folder}/pid
set idfile {folder}/id
set statefile {folder}/state
set httpd unixsocket {folder}/s
  allow benchmark:benchmark
"""
PROGRAM = """
check process {name} with pidfile {folder}/{name}.pid
  start program = "/bin/sh {folder}/start {folder}/{name}.pid {argument}"
"""
# monit waits for the command, so the program must go into the background by itself.
START = '{program} "$2" </dev/null >/dev/null 2>&1 &\necho $! >"$1"\n'


class Monit(Peer):
    name = "monit"
    keeps_output = False
    pace = Pace(most=1.1)  # a whole cycle, so that crashes fall into every phase

    def __init__(self, tool: Tool) -> None:
        self.version = tool.version
        self._environ = tool.environ
        self._daemon = tool.path("monit")

    @classmethod
    def install(cls, shelf: Shelf) -> Self:
        return cls(shelf.debian("monit", "monit"))

    def prepare(self, setting: Setting) -> Launch:
        text = CONFIG.format(folder=setting.folder)
        for name, argument in setting.arguments.items():
            text += PROGRAM.format(name=name, folder=setting.folder, argument=argument)
        config = setting.folder / "monitrc"
        config.write_text(text)
        config.chmod(0o600)  # monit refuses one that others can read
        start = setting.folder / "start"
        start.write_text(START.format(program=setting.program))
        monit = (self._daemon, "-c", str(config))
        return Launch((*monit, "-I"), (*monit, "summary"), self._environ)
