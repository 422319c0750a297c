"""Where the daemon has its files, for root and for others."""

from collections.abc import Iterator
from pathlib import Path

from generator.markdown import heads, row
from selfhealingd.config import Places, defaults


def places() -> Iterator[str]:
    """Give a table of them."""
    root = defaults(0, {})
    user = defaults(1, {"HOME": "~", "XDG_RUNTIME_DIR": "/"})
    shown = {"config": "$XDG_CONFIG_HOME", "flags_file": "$XDG_CONFIG_HOME"}
    shown |= {"runtime_dir": "$XDG_RUNTIME_DIR", "socket": "$XDG_RUNTIME_DIR"}
    yield from heads("What", "As root", "As an ordinary user")
    for key in Places.__struct_fields__:
        place = Path(getattr(user, key))
        tail = str(place)[str(place).index("selfhealingd") :]
        variable = shown.get(key, "$XDG_STATE_HOME")
        yield row(f"`{key}`", f"`{getattr(root, key)}`", f"`{variable}/{tail}`")
