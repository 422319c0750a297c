"""Writes the generated parts of the pages in this folder, and whole files.

Run it as ``python docs/generate.py``, where the package is installed. A part stands
between ``<!-- begin NAME -->`` and ``<!-- end -->``; what is around it is written by
hand. Manual pages come from these pages; the config's schema and shells' completions go
to etc/. What is said of the config's keys is in generator/keys.py. A test sees to it
that all of it is up to date.
"""

from collections.abc import Iterator
from pathlib import Path

from generator import completions, configschema, keys, keytables
from generator.manpages import MANUAL
from generator.parts import render
from generator.roff import manual

import selfhealingd

FOLDER = Path(__file__).parent
ETC = FOLDER.parent / "etc"


def pages() -> Iterator[tuple[Path, str]]:
    """Each page that may have generated parts, and how it must be."""
    for page in sorted(FOLDER.glob("*.md")):
        yield page, render(page.read_text())


def written() -> Iterator[tuple[Path, str]]:
    """Each file that is generated as a whole, and what must be in it."""
    for page in MANUAL:
        text = render((FOLDER / page.source).read_text())
        yield FOLDER / "man" / page.file, manual(page, text, selfhealingd.__version__)
    words = configschema.Words(
        keytables.alias, keytables.default, keytables.EXAMPLES.of, keys.DESCRIBED
    )
    yield ETC / "selfhealingd.schema.json", configschema.document(words)
    for shell, file in completions.FILES.items():
        yield ETC / "completions" / file, completions.completion(shell)


def main() -> None:
    """Write what has changed."""
    for file, text in (*pages(), *written()):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)


if __name__ == "__main__":
    main()
