"""Makes docs/images/status.svg: ``selfhealctl status`` while the demo is being healed.

Run it as ``python docs/picture.py``, where the package is installed. It starts the demo
in a folder of its own, waits for a moment at which something is under way, and draws
what the client really printed then.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

TOP = Path(__file__).parents[1]
PICTURE = TOP / "docs" / "images" / "status.svg"
COLUMNS = 112
ENOUGH = 3
PATIENCE_SECS = 180

# Readable on GitHub's white and on its black.
THEME = TerminalTheme(
    (22, 27, 34),
    (230, 237, 243),
    [
        (22, 27, 34),
        (255, 123, 114),
        (86, 211, 100),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (118, 227, 234),
        (201, 209, 217),
    ],
)
_TITLE = "selfhealctl"
_FONTS = re.compile(r"\s*@font-face \{[^}]*\}")


def client(folder: Path, *words: str) -> str:
    """Return what the client prints on a terminal of that width."""
    return subprocess.check_output(
        [sys.executable, "-m", "selfhealctl", *words],
        text=True,
        env={
            **os.environ,
            "COLUMNS": str(COLUMNS),
            "FORCE_COLOR": "1",
            "SELFHEALCTL_SOCKET": str(folder / "s"),
        },
    )


def worth_it(status: dict[str, Any]) -> bool:
    """Whether there is enough to be seen: some are healed, one is being healed."""
    programs = {one["name"]: one for one in status["programs"]}
    return (
        programs["neverstarts"]["state"] == "BACKOFF"
        and status["selfHealing"]["successfulHealings"] >= ENOUGH
        and any(programs[name].get("next") for name in ("leaky", "hanging", "crashy"))
    )


@contextmanager
def demo(folder: Path, tables: str = "") -> Iterator[None]:
    """Have the demo at work, at a good moment. ``tables``: more for its config."""
    shutil.copytree(TOP / "etc" / "demo", folder / "demo")
    text = (TOP / "etc" / "demo.toml").read_text()
    own = 'state_dir = "state"\nruntime_dir = "run"\nlog_dir = "log"\n'
    own += 'flags_file = "flags.env"\n'
    config = folder / "demo.toml"
    config.write_text(
        text.replace(
            "[daemon]\n", f'{tables}[control]\nsocket = "s"\n\n[daemon]\n{own}'
        )
    )
    daemon = subprocess.Popen(
        [sys.executable, "-m", "selfhealingd", "--config", config],
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + PATIENCE_SECS
        while time.monotonic() < deadline:
            time.sleep(0.5)
            if not (folder / "s").exists():
                continue
            if worth_it(json.loads(client(folder, "status", "--json"))):
                break
        else:
            raise SystemExit("there was no good moment")
        yield
    finally:
        daemon.terminate()
        daemon.wait()


def taken(folder: Path) -> str:
    """Return what is to be seen of the demo at work."""
    with demo(folder):
        status = client(folder, "--no-json", "status")
        events = client(folder, "--no-json", "events", "-n", "6")
    return (
        f"\x1b[1m$ selfhealctl status\x1b[0m\n{status}\n"
        f"\x1b[1m$ selfhealctl events -n 6\x1b[0m\n{events}"
    )


def main() -> None:
    """Draw it."""
    with tempfile.TemporaryDirectory(prefix="sh-") as folder:
        said = taken(Path(folder).resolve())
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - no path to speak of
        console = Console(record=True, width=COLUMNS, file=nowhere)
        console.print(Text.from_ansi(said), overflow="fold")
    drawn = console.export_svg(title=_TITLE, theme=THEME)
    PICTURE.parent.mkdir(exist_ok=True)
    # A picture on a page may load no font from elsewhere.
    PICTURE.write_text(_FONTS.sub("", drawn))


if __name__ == "__main__":
    main()
