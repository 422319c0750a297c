from pathlib import Path

import pytest
from benchmarks.shelf import CannotInstall, Shelf


def test_what_is_not_offered_is_refused_with_a_reason(tmp_path: Path) -> None:
    """A package that can't be had says so, and is not taken for installed after."""
    shelf = Shelf(tmp_path)
    for _ in range(2):
        with pytest.raises(CannotInstall, match="cannot "):
            shelf.debian("no-such-package-at-all", "no-such-executable-at-all")
