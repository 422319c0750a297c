"""The lines of one process's table in the making, and what they are made from."""

from collections.abc import Callable

import msgspec

from selfhealingd.config.importing import options
from selfhealingd.config.importing.document import Key, Note
from selfhealingd.config.importing.errors import Unusable
from selfhealingd.config.importing.expansion import Template, Values, rendered
from selfhealingd.config.importing.reading import Section
from selfhealingd.config.importing.surroundings import Surroundings

Expand = Callable[[str, Values], Template]
Line = Key | Note


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """What one process is made from: ``expand`` fills in its number, or leaves it.

    ``socket``: the name of the one that it is handed, if any.
    """

    section: Section
    values: Values
    expand: Expand
    around: Surroundings
    priority: Key | None = None
    socket: str | None = None


class Lines:
    """The lines of one table in the making."""

    def __init__(self, process: Process) -> None:
        self.section = process.section
        self.around = process.around
        self.written = process.section.options
        self.values = dict(process.values)
        self.socket = process.socket
        self._expand = process.expand
        self.lines: list[Line] = []

    def expanded(self, option: str, default: str = "") -> Template:
        """Return an option's value as a template; raises ``Unusable``."""
        return self._expand(self.written.get(option, default), self.values)

    def again(self, template: Template) -> Template:
        """Expand what has been expanded already, as supervisord does with some."""
        return self._expand(template, self.values) if "%" in template else template

    def key(self, key: str, template: Template, *notes: str) -> None:
        """Add a string, written with its variables."""
        notes = (*notes, options.unset(template, self.around.environ))
        value = rendered(template, self.around.environ)
        self.lines.append(Key(key, value, "; ".join(filter(None, notes))))

    def refused(self, option: str, error: Unusable) -> None:
        """Add the comment for a value that cannot be carried over."""
        said = options.shown(option, self.written[option])
        self.lines.append(Note(f"{said}: {error}; left out"))
