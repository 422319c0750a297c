"""``${VAR}``, ``${VAR:-default}`` and ``$${`` in the config's strings."""

import re
from collections.abc import Mapping

_TOKEN = re.compile(
    r"\$\$(?=\{)|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-(?P<text>[^}]*))?\}|\$\{"
)


class CannotExpand(ValueError):
    """A string names a variable that is not set, or is not well formed."""

    def __init__(self, problem: str, suggestion: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.suggestion = suggestion


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Return ``text`` with variables replaced from ``environ``.

    ``${VAR:-default}`` stands in for a variable that is unset or empty, ``$${`` is a
    literal ``${``, and a dollar before anything else is left as it is, so that a
    shell's own ``$$`` and ``$1`` need no care. What a variable holds is not expanded
    again. Raises ``CannotExpand``.
    """

    def replace(token: re.Match[str]) -> str:
        if token[0] == "$$":
            return "$"
        if token["name"] is None:
            raise CannotExpand(
                'cannot expand "${": no variable\'s name with a closing brace follows',
                'write "$${" for a literal one',
            )
        value = environ.get(token["name"])
        if token["default"] is not None:
            return value or str(token["text"])
        if value is None:
            raise CannotExpand(
                f"variable {token['name']} is not set",
                f'set it for the daemon, or write "${{{token["name"]}:-default}}"'
                f' ("$${{" for a literal one)',
            )
        return value

    return _TOKEN.sub(replace, text)
