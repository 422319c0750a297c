"""Memory that the daemon would pay for and never use."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType


@contextmanager
def absent(name: str) -> Iterator[None]:
    """Let a package look as if it were not installed to what is imported in the block.

    For libraries that load an optional package wherever they find it. One that is
    loaded already stays visible.
    """
    hidden = name not in sys.modules
    if hidden:
        # As Python's reference has it (sys.modules): None makes an import of it fail.
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if hidden:
            del sys.modules[name]


def late(name: str) -> None:
    """Let a module be loaded when something in it is first used, and not before.

    For what a library imports for others than us.
    """
    if name in sys.modules:
        return
    stand_in = ModuleType(name)

    def load(attribute: str) -> object:
        del sys.modules[name], vars(stand_in)["__getattr__"]
        vars(stand_in).update(vars(import_module(name)))
        return getattr(stand_in, attribute)

    # As Python's reference has it (customizing module attribute access).
    vars(stand_in)["__getattr__"] = load
    sys.modules[name] = stand_in
