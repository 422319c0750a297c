"""Names that our config takes, each of them once."""

import re

_UNUSABLE = re.compile(r"[^A-Za-z0-9_.-]")
_LONGEST = 56  # of 64: a number may have to be added


def usable(name: str) -> str:
    """Return a name as near to ``name`` as ours can be."""
    plain = _UNUSABLE.sub("_", name)[:_LONGEST]
    if not plain or plain[0] in ".-":
        plain = f"_{plain}"
    return f"{plain}_" if plain == "all" else plain


class Names:
    """Gives out names for programs, and none of them twice, in no other case either."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def taken(self, name: str) -> bool:
        """Whether a name was given out."""
        return name.lower() in self._taken

    def claim(self, wanted: str, endings: tuple[str, ...] = ("",)) -> str:
        """Take a free name near ``wanted``, with all of the endings; return it."""
        name, number = usable(wanted), 1
        while any(self.taken(f"{name}{ending}") for ending in endings):
            number += 1
            name = f"{usable(wanted)}-{number}"
        self._taken |= {f"{name}{ending}".lower() for ending in endings}
        return name
