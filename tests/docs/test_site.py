"""The pages as a site: built without a warning, so without a link to nowhere.

No network is asked: addresses elsewhere are not looked at.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]

pytestmark = pytest.mark.process


def build(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build as docs/conf.py says; a warning is a failure."""
    command: list[str | Path] = [
        *(sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q"),
        *("-c", TOP / "docs", "-d", site / "cache", source, site / "html"),
    ]
    return subprocess.run(  # noqa: TID251 - no child of the daemon's
        command, capture_output=True, text=True, check=False
    )


def test_the_site_is_whole(tmp_path: Path) -> None:
    """Every page is in the navigation, and every link leads to a page and heading."""
    built = build(TOP, tmp_path)
    assert ("", 0) == (built.stderr, built.returncode)
    index = (tmp_path / "html" / "docs" / "index.html").read_text()
    captions = re.findall('class="caption-text">([^<]+)<', index)
    assert ["Learn", "Do", "Look up", "Understand"] == captions
    assert 'href="config.html"' in index
    assert "docs/index.html" in (tmp_path / "html" / "index.html").read_text()


def test_a_dead_link_is_a_failure(tmp_path: Path) -> None:
    """Be it a page, a heading or a file."""
    dead = ("gone.md", "index.md#nowhere", "../etc/gone.toml")
    text = "\n".join(f"- [there]({link})" for link in dead)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# A\n\n{text}\n")
    built = build(tmp_path, tmp_path / "made")
    assert 1 == built.returncode
    assert len(dead) == built.stderr.count("[myst.xref_missing]")
