"""The house is in order: what lies where, who imports what, which pages are true."""

import ast
import fnmatch
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from generator.keys import DESCRIBED
from generator.measures import MEASURED
from generator.parts import render

import selfhealingd
from selfhealctl.exits import MEANINGS
from selfhealctl.table import COMMANDS
from selfhealingd.config import Config, load_config
from selfhealingd.core.rules.measures import KINDS as MEASURES

TOP = Path(__file__).parents[1]
AGREED = {
    ".ci",
    ".git",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "docs",
    "etc",
    "pyproject.toml",
    "selfhealctl",
    "selfhealingd",
    "systemd",
    "tests",
}
ROOMS = {
    "config": "selfhealingd",
    "control": "selfhealingd",
    "core": "selfhealingd",
    "diagnose": "selfhealingd",
    "install": "selfhealingd",
    "observe": "selfhealingd",
    "notify": "selfhealingd",
    "selfhealctl": ".",
    "store": "selfhealingd",
    "supervise": "selfhealingd",
    "web": "selfhealingd",
    "wire": "selfhealingd",
}
PAGES = [*sorted(TOP.glob("*.md")), *sorted(TOP.glob("docs/**/*.md"))]


def name(value: object) -> str:
    return str(value.relative_to(TOP)) if isinstance(value, Path) else str(value)


def test_the_top_folder_holds_the_agreed_names() -> None:
    """A newcomer finds what they expect, and nothing that was left lying about."""
    ignored = [
        line.rstrip("/") for line in (TOP / ".gitignore").read_text().splitlines()
    ]
    found = {
        entry.name
        for entry in TOP.iterdir()
        if not any(fnmatch.fnmatch(entry.name, pattern) for pattern in ignored)
    }
    assert set() == found - AGREED


@pytest.mark.parametrize(
    "test",
    [test for room in ROOMS for test in sorted(TOP.glob(f"tests/{room}/**/test_*.py"))],
    ids=name,
)
def test_tests_mirror_sources(test: Path) -> None:
    """``tests/core/test_step.py`` is about ``core/step.py``; it may be one of several.

    So ``test_step_machine.py`` is about ``core/step.py``, too.
    """
    place = test.parent.relative_to(TOP / "tests")
    folder = TOP / ROOMS[place.parts[0]] / place
    about = test.stem.removeprefix("test_")
    files = [*folder.glob("*.py"), *folder.glob("static/*.js")]
    modules = {file.stem for file in files}
    assert any(f"{about}_".startswith(f"{module}_") for module in modules)


@pytest.mark.parametrize(
    ("module", "kept_out"),
    [
        (
            "selfhealctl.app",
            {"trio", "rich", "structlog", "anthropic", "psutil", "asyncio"},
        ),
        (
            "selfhealingd.daemon",
            {
                "anthropic",
                "typer",
                "starlette",
                "hypercorn",
                "prometheus_client",
                "selfhealingd.web",
            },
        ),
    ],
)
@pytest.mark.process
def test_what_an_import_keeps_out(module: str, kept_out: set[str]) -> None:
    """The client starts fast, and the daemon is small: neither loads the other's."""
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert set() == kept_out & set(loaded.split())


def test_the_daemon_uses_trio_alone() -> None:
    """Nothing of the daemon's imports another loop, or what draws on screens.

    structlog loads asyncio and rich by itself, so what is loaded would not tell.
    """
    assert set() == importers("asyncio", "rich", "typer")


def test_one_process_alone_knows_the_sdk() -> None:
    """A second and 66 MiB: for the helper that ends after its call, and nobody else."""
    helper = "selfhealingd.diagnose.helper"
    assert {Path("diagnose/helper.py")} == importers("anthropic", "httpx2")
    assert set() == importers(helper)


def test_one_process_alone_knows_who_tells_people() -> None:
    """A hundred services' plugins are for the helper that sends, and nobody else."""
    assert {Path("notify/helper.py")} == importers("apprise", "requests")
    assert set() == importers("selfhealingd.notify.helper")


def test_only_one_room_measures_processes() -> None:
    """What psutil is asked, and how often, is decided in one place."""
    rooms = {file.parts[0] for file in importers("psutil")}
    assert {"observe"} == rooms


def importers(*modules: str) -> set[Path]:
    """Return the daemon's files that import one of these."""
    home = TOP / "selfhealingd"
    return {
        file.relative_to(home)
        for file in home.glob("**/*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for module in modules_of(node)
        if module.partition(".")[0] in modules
    }


def modules_of(node: ast.AST) -> list[str]:
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom(module=str(module)):
            return [module]
        case _:
            return []


def test_the_changelog_has_this_version() -> None:
    """What is released is what the changelog speaks of last."""
    text = (TOP / "CHANGELOG.md").read_text()
    assert (
        selfhealingd.__version__
        == re.findall(r"^## \[(\d.*?)\]", text, re.MULTILINE)[0]
    )


def examples() -> list[Any]:
    found = []
    for page in PAGES:
        blocks = re.findall(
            r"^```toml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL
        )
        for number, block in enumerate(blocks, start=1):
            found.append(pytest.param(block, id=f"{name(page)}-{number}"))
    return found


@pytest.mark.parametrize("example", examples())
def test_a_config_in_the_docs_is_right(example: str, tmp_path: Path) -> None:
    """What a reader copies from a page, the daemon takes, and it is of some use."""
    file = tmp_path / "selfhealingd.toml"
    file.write_text(example)
    config = load_config(file, environ={"HOME": "/root"}, uid=0)
    assert isinstance(config, Config)
    assert config.policy.programs


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_generated_parts_are_up_to_date(page: Path) -> None:
    """Where this fails, run ``python docs/generate.py``."""
    text = page.read_text()
    assert text == render(text)


def test_every_key_is_described() -> None:
    """docs/config.md leaves out no key of the schema, and invents none."""
    for kind, meanings in DESCRIBED.items():
        keys = {info.name for info in msgspec.structs.fields(kind)}
        assert keys == meanings.keys()
    for scope, kinds in MEASURES.items():
        assert kinds.keys() == MEASURED[scope].keys()


def test_the_cli_page_has_every_command_and_status() -> None:
    """docs/cli.md is complete."""
    text = (TOP / "docs" / "cli.md").read_text()
    for row in COMMANDS:
        assert f"### {row.name}\n" in text
    for status in MEANINGS:
        assert f"| {int(status)} | " in text


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    """A link to another page, or to a heading of it, is no dead end."""
    text = page.read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, heading = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.exists(), target
        if heading:
            assert heading in anchors(linked.read_text()), target


def anchors(text: str) -> set[str]:
    """Return the headings of a page as links name them."""
    heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}
