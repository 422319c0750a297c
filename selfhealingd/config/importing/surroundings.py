"""What every program relies on, but doesn't say itself."""

from collections.abc import Mapping

import msgspec

from selfhealingd.config.importing.errors import Unusable
from selfhealingd.config.importing.expansion import (
    Template,
    Values,
    expand,
    fixed,
    pairs,
)
from selfhealingd.config.importing.options import boolean, octal
from selfhealingd.config.importing.reading import Source


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """``[supervisord]``'s settings that reach its programs, and this machine's.

    ``folder`` is where supervisord's relative paths start from; ``directory`` and
    ``umask`` are what programs inherit. ``ignored`` are the options that stand in
    ``[DEFAULT]`` and so in every section, meant or not.
    """

    environ: Mapping[str, str]
    host: str
    here: str
    environment: dict[str, Template]
    folder: Template
    directory: Template | None
    umask: str | None
    ignored: frozenset[str]

    def values(self, **more: str | int) -> Values:
        """Return all that ``%(…)s`` may name, besides the environment."""
        own = {f"ENV_{name}": value for name, value in self.environment.items()}
        return {"here": self.here, "host_node_name": self.host} | own | more


def surroundings(source: Source, environ: Mapping[str, str], host: str) -> Surroundings:
    """Return what ``[supervisord]`` says to its programs.

    What cannot be used is taken as not said; ``daemon`` has the comment on it.
    """
    options = source.options("supervisord")
    here = str(source.file.parent)
    bare: Values = {"here": here, "host_node_name": host}

    def read(option: str) -> Template | None:
        try:
            return expand(options[option], bare, environ) if option in options else None
        except Unusable:
            return None

    directory = read("directory")
    folder = here if directory is None else joined(here, directory)
    return Surroundings(
        environ=environ,
        host=host,
        here=here,
        environment=_pairs(read("environment")),
        folder=folder,
        # Only when it goes into the background does supervisord go there, too.
        directory=None
        if directory is None or _stays(read("nodaemon"), environ)
        else folder,
        umask=_umask(read("umask"), environ),
        ignored=source.defaults,
    )


def joined(folder: Template, path: Template) -> Template:
    """Return ``path``, from ``folder`` if it is relative.

    One that begins with a variable is taken to be absolute, as it nearly always is.
    """
    if path.startswith(("/", "\0")):
        return path
    return f"{folder.rstrip('/')}/{path.removeprefix('./')}"


def _pairs(template: Template | None) -> dict[str, Template]:
    try:
        return pairs(template or "")
    except Unusable:
        return {}


def _stays(template: Template | None, environ: Mapping[str, str]) -> bool:
    try:
        return boolean(fixed(template or "false", environ))
    except Unusable:
        return False


def _umask(template: Template | None, environ: Mapping[str, str]) -> str | None:
    try:
        return None if template is None else octal(fixed(template, environ))
    except Unusable:
        return None
