"""``%(…)s`` as supervisord expands it, with the environment kept as ``${VAR}``.

A text in which variables still stand is a *template*: each is an opaque mark between
two NULs, so that it can be quoted, split and joined like any other characters, and is
written as ``${VAR}`` at the end.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from selfhealingd.config.importing.errors import Unusable

Template: TypeAlias = str
Values: TypeAlias = Mapping[str, str | int]

_ENV = "ENV_"
_MARK = re.compile(r"\0([A-Za-z_][A-Za-z0-9_]*)\0")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# A variable with a width or a precision is not the variable's value any more.
_SHAPED = re.compile(r"%\(ENV_[^)]*\)(?!s)")
_TOKEN = re.compile(r"%(?:%|\((?P<name>[^)]*)\)(?P<shape>[^%()a-zA-Z]*[a-zA-Z]))")
_BARE = re.compile(r"%(?!\()")
_PERCENT = "supervisord cannot expand it: a % that is meant is written %%"
_NUMBER = re.compile(r"0?\d{0,4}[ds]")
# As supervisord's own lexer has it; the NUL is for our marks.
_WORD_CHARACTERS = "/.+-():\0"


class _Names(dict[str, str | int]):
    """The names that may stand in ``%(…)s``: any variable is one, as its mark."""

    def __init__(self, values: Values, environ: Mapping[str, str]) -> None:
        super().__init__(values)
        self._environ = environ

    def __missing__(self, key: str) -> str:
        variable = key.removeprefix(_ENV)
        if not key.startswith(_ENV):
            raise KeyError(key)
        if _NAME.fullmatch(variable):
            return f"\0{variable}\0"
        if variable in self._environ:
            return self._environ[variable]
        raise KeyError(key)


def expand(text: str, values: Values, environ: Mapping[str, str]) -> Template:
    """Return ``text`` with ``values`` filled in, and variables as marks.

    ``values`` may have ``ENV_NAME`` too, for what the file itself sets. Raises
    ``Unusable`` where supervisord would refuse the text.
    """
    if _SHAPED.search(text):
        return expand_now(text, values, environ)
    return _percent(text, _Names(values, environ))


def expand_now(text: str, values: Values, environ: Mapping[str, str]) -> str:
    """Return ``text`` with everything filled in, variables from ``environ``.

    Raises ``Unusable``, also for a variable that is not set.
    """
    variables = {f"{_ENV}{name}": value for name, value in environ.items()}
    return _percent(text, variables | dict(values))


def _percent(text: str, names: Values) -> str:
    if _BARE.search(text.replace("%%", "")):
        # Python would put everything that it knows in there, secrets included.
        raise Unusable(_PERCENT)
    try:
        return text % names
    except KeyError as error:
        name = str(error.args[0])
        if name.startswith(_ENV):
            reason = f"the variable {name.removeprefix(_ENV)} is not set here"
        else:
            reason = f"supervisord knows no %({name})s"
        raise Unusable(reason) from None
    except (TypeError, ValueError, OverflowError, MemoryError):
        raise Unusable(_PERCENT) from None


def with_number(text: str, values: Values, environ: Mapping[str, str]) -> Template:
    """Expand all but ``%(process_num)d``, which ``numprocs`` replaces later.

    Other percent signs are doubled, as ``numprocs`` reads two for one. Raises
    ``Unusable`` for a shape that ``numprocs`` doesn't know.
    """
    parts: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        parts.append(_doubled(expand(text[end : token.start()], values, environ)))
        if token["name"] != "process_num":
            parts.append(_doubled(expand(token[0], values, environ)))
        elif _NUMBER.fullmatch(token["shape"]):
            parts.append(token[0])
        else:
            raise Unusable(f"numprocs knows no %(process_num){token['shape']}")
        end = token.end()
    parts.append(_doubled(expand(text[end:], values, environ)))
    return "".join(parts)


def _doubled(text: str) -> str:
    return text.replace("%", "%%")


def doubled(template: Template) -> Template:
    """Return a finished text so that ``numprocs`` leaves it as it is."""
    return _doubled(template)


def variables(template: Template) -> list[str]:
    """Return the names of the variables in a template."""
    return [found[1] for found in _MARK.finditer(template)]


def fixed(template: Template, environ: Mapping[str, str]) -> str:
    """Return a template with its variables replaced now; raises ``Unusable``."""

    def value(mark: re.Match[str]) -> str:
        if mark[1] not in environ:
            raise Unusable(f"the variable {mark[1]} is not set here")
        return environ[mark[1]]

    return _MARK.sub(value, template)


def rendered(template: Template, environ: Mapping[str, str]) -> str:
    """Return a template as it stands in our config: ``${VAR}``, ``$${`` for ``${``.

    A variable right behind a dollar cannot be written so, and is replaced by its value
    in ``environ``; raises ``Unusable`` if it has none.
    """
    pieces: list[str] = []
    previous = ""
    for literal, variable in _pieces(template):
        previous += literal
        if variable is None:
            continue
        if previous.endswith("$"):
            previous += fixed(f"\0{variable}\0", environ)
            continue
        pieces += [_escaped(previous), f"${{{variable}}}"]
        previous = ""
    return "".join([*pieces, _escaped(previous)])


def _pieces(template: Template) -> Iterator[tuple[str, str | None]]:
    parts = _MARK.split(template)
    return zip(parts[::2], [*parts[1::2], None], strict=True)


def _escaped(literal: str) -> str:
    return literal.replace("${", "$${")


def pairs(template: Template) -> dict[str, Template]:
    """Return the variables of ``KEY="value",OTHER=value``, as supervisord reads it.

    Raises ``Unusable``.
    """
    lexer = shlex.shlex(template)
    lexer.wordchars += _WORD_CHARACTERS
    try:
        tokens = list(lexer)
    except ValueError:
        raise Unusable("a quote is not closed") from None
    found: dict[str, Template] = {}
    for start in range(0, len(tokens), 4):
        triple = tokens[start : start + 3]
        if len(triple) != 3 or triple[1] != "=":  # noqa: PLR2004 - KEY, =, value
            raise Unusable('supervisord refuses it: not of the form KEY="value",…')
        if "\0" in triple[0]:
            raise Unusable("the name of a variable is taken from a variable")
        found[triple[0]] = triple[2].strip("'\"")
    return found


def words(template: Template) -> list[Template]:
    """Return a command's words; raises ``Unusable``."""
    try:
        return shlex.split(template)
    except ValueError:
        raise Unusable(
            "a quote is not closed; supervisord cuts off what follows a space and ;"
        ) from None
