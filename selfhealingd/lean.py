"""Memory that the daemon would pay for and never use."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


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
