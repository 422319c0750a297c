"""The pages as a site: built without a warning, so without a link to nowhere.

No network is asked: addresses elsewhere are not looked at.
"""

import re
import subprocess
import sys
from html.parser import HTMLParser
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

    assert {} == from_elsewhere(tmp_path / "html")


def test_what_comes_from_elsewhere_is_found(tmp_path: Path) -> None:
    """What a browser would fetch by itself; not what it goes to by a click."""
    away = "https://cdn.example.com/a"
    fetched = [
        f'<script src="{away}"></script>',
        f'<script type="module">import a from "{away}"</script>',
        f'<link rel="stylesheet" href="{away}">',
        '<img src="//cdn.example.com/a">',
        f'<img srcset="a.png 1x, {away} 2x">',
        f'<p style="background: url({away})"></p>',
        f'<style>@import "{away}";</style>',
    ]
    for number, text in enumerate(fetched):
        (tmp_path / f"{number}.html").write_text(text)
    (tmp_path / "site.css").write_text(f"a {{ background: url({away}) }}")
    (tmp_path / "page.svg").write_text(f'<image href="{away}"/>')
    (tmp_path / "click.html").write_text(f'<a href="{away}">there</a>')
    found = {file.name for file in from_elsewhere(tmp_path)}
    assert {file.name for file in tmp_path.iterdir()} - {"click.html"} == found


AWAY = re.compile(r"""["'(](?:https?:)?//(?!www\.w3\.org/)[^"')\s]+""")
"""An address of another host, in quotes or in ``url(``; W3C's are names of formats."""

LOADS = {"data", "href", "poster", "src", "srcset", "style"}


class Fetched(HTMLParser):
    """Keeps what a page has a browser fetch: of its attributes, styles and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        loads = LOADS - ({"href"} if tag == "a" else set())
        for name, value in attrs:
            if name in loads:
                self.found += [f'"{part}' for part in (value or "").split()]

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:  # a script or a style
            self.found.append(data)


def from_elsewhere(site: Path) -> dict[Path, list[str]]:
    """Return what each file of a site loads from other hosts."""
    found = {}
    for file in site.rglob("*.*"):
        match file.suffix:
            case ".html" | ".svg":
                text = "\n".join(Fetched(file.read_text()).found)
            case ".css" | ".js":
                text = file.read_text()
            case _:
                continue
        found[file] = AWAY.findall(text)
    return {file: addresses for file, addresses in found.items() if addresses}


def test_a_dead_link_is_a_failure(tmp_path: Path) -> None:
    """Be it a page, a heading or a file."""
    dead = ("gone.md", "index.md#nowhere", "../etc/gone.toml")
    text = "\n".join(f"- [there]({link})" for link in dead)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# A\n\n{text}\n")
    built = build(tmp_path, tmp_path / "made")
    assert 1 == built.returncode
    assert len(dead) == built.stderr.count("[myst.xref_missing]")
