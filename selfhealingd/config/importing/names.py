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
    """Gives out names for programs, and none of them twice."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def claim(self, wanted: str, endings: tuple[str, ...] = ("",)) -> str:
        """Take a free name near ``wanted``, with all of the endings; return it."""
        name, number = usable(wanted), 1
        while any(f"{name}{ending}" in self.taken for ending in endings):
            number += 1
            name = f"{usable(wanted)}-{number}"
        self.taken |= {f"{name}{ending}" for ending in endings}
        return name
