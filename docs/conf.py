"""How the pages become a site: ``sphinx-build -W -n -c docs . build/site``.

The source is the whole checkout, so that a link leads where it leads on disk, be it to
the changes at the top or to an example in etc/. docs/index.md is plain Markdown; what
stands in its lists is the site's navigation.
"""

import re

from sphinx.application import Sphinx

import selfhealingd

project = "selfhealingd"
version = release = selfhealingd.__version__
copyright = "the maintainers of selfhealingd"  # noqa: A001 - the setting's name
extensions = ["myst_parser"]

root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md", "tests/benchmarks/README.md"]
exclude_patterns = [".*", "build", "dist", "selfhealctl", "selfhealingd", "systemd"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

templates_path = ["templates"]
html_additional_pages = {"index": "to-docs.html"}
html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_title = f"selfhealingd {release}"
html_copy_source = False
html_show_sphinx = False

_CHAPTER = re.compile(r"^## (.+)$", re.MULTILINE)
_LINK = re.compile(r"^- \[([^]]+)\]\(([^)#]+)\.md\)", re.MULTILINE)


def navigation(page: str) -> str:
    """Return a page followed by a hidden table of contents for each of its chapters."""
    _, *parts = _CHAPTER.split(page)
    made = [page]
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        links = "\n".join(f"{name} <{path}>" for name, path in _LINK.findall(text))
        made.append(f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n{links}\n```\n")
    return "\n".join(made)


def setup(app: Sphinx) -> None:
    """Let the index say what is in the navigation."""

    def read(_app: Sphinx, name: str, content: list[str]) -> None:
        if name == root_doc:
            content[0] = navigation(content[0])

    app.connect("source-read", read)
