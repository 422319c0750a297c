"""The socket of an ``[fcgi-program:x]``, as a ``[socket.x]``."""

import re
from pathlib import Path

from selfhealingd.config.importing import options
from selfhealingd.config.importing.document import Key, Note, Table
from selfhealingd.config.importing.errors import Unusable
from selfhealingd.config.importing.expansion import (
    Template,
    Values,
    expand,
    expand_now,
    fixed,
    rendered,
    variables,
)
from selfhealingd.config.importing.names import Names
from selfhealingd.config.importing.reading import Section
from selfhealingd.config.importing.surroundings import Surroundings
from selfhealingd.config.mistakes import Mistake, Spot
from selfhealingd.config.named import Named
from selfhealingd.config.sockets import read_sockets

KIND = "fcgi-program"
OPTIONS = frozenset({"socket", "socket_backlog", "socket_owner", "socket_mode"})

_TCP = re.compile(r"tcp://([^\s:]+):(\d+)")
_MODE = "700"  # supervisord's default


class Sockets:
    """Makes tables from sections, no two with one name or at one address."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._names = Names()
        self._listens: list[str] = []

    def table(self, section: Section, values: Values) -> Table:
        """Return the table of a section's socket; raises ``Unusable``."""
        if not section.options.get("socket"):
            raise Unusable("socket: missing; supervisord refuses that as well")
        template = expand(section.options["socket"], values, self._around.environ)
        if template.startswith("unix://"):
            table = Table(("socket", ""), [self._path(template)])
            table.lines += [*self._owner(section, values), self._mode(section, values)]
        else:
            table = Table(("socket", ""), [self._port(template)])
        name = self._names.claim(section.name)
        table.header = ("socket", name)
        if "socket_backlog" in section.options:
            table.lines.append(self._backlog(section, values))
        return table

    def _path(self, template: Template) -> Key:
        environ = self._around.environ
        path = template.removeprefix("unix://")
        self._check(f"unix:{fixed(path, environ)}")
        note = options.unset(template, environ)
        return Key("listen", f"unix:{rendered(path, environ)}", note)

    def _port(self, template: Template) -> Key:
        now = fixed(template, self._around.environ)
        note = ""
        if variables(template):
            note = f"{options.shown('socket', template)}: as it is now"
        found = _TCP.fullmatch(now)
        if found is None:
            raise Unusable(f"{options.shown('socket', now)}: not as supervisord has it")
        host, port = found.groups()
        if host == "localhost":
            host, note = "127.0.0.1", "was localhost"
        self._check(f"{host}:{port}")
        return Key("listen", f"{host}:{port}", note)

    def _check(self, listen: str) -> None:
        """Raise ``Unusable`` for what our own config would refuse."""
        noted: list[Mistake] = []
        spot = Spot(Path("/-"), {}, noted)
        wanted = [*self._listens, listen.replace("${", "$${")]
        read_sockets(Named(x, {"listen": x}, spot, again=False) for x in wanted)
        if noted:
            raise Unusable(f"socket: {noted[0].problem}")
        self._listens = wanted

    def _owner(self, section: Section, values: Values) -> list[Key | Note]:
        """Whom supervisord would give it to: if nobody is named, the program's user."""
        option = "socket_owner" if "socket_owner" in section.options else "user"
        if option not in section.options:
            return []
        written = section.options[option]
        try:
            user, _, group = self._now(written, values).partition(":")
            lines: list[Key | Note] = [Key("user", options.user(user))]
        except Unusable as error:
            return [Note(f"{options.shown(option, written)}: {error}; left out")]
        return [*lines, Key("group", group)] if group else lines

    def _mode(self, section: Section, values: Values) -> Key:
        written = section.options.get("socket_mode", _MODE)
        try:
            return Key("mode", options.octal(self._now(written, values)))
        except Unusable as error:
            said = (
                f"{options.shown('socket_mode', written)}: {error}; the default taken"
            )
            return Key("mode", _MODE, said)

    def _backlog(self, section: Section, values: Values) -> Key | Note:
        written = section.options["socket_backlog"]
        try:
            number = options.integer(self._now(written, values))
        except Unusable as error:
            shown = options.shown("socket_backlog", written)
            return Note(f"{shown}: {error}; left out")
        return Key("backlog", max(1, number))

    def _now(self, written: str, values: Values) -> str:
        return expand_now(written, values, self._around.environ).strip()
