"""Tables in Markdown."""

from collections.abc import Iterator


def heads(*names: str) -> Iterator[str]:
    """Give the first lines of a table."""
    yield row(*names)
    yield row(*("---" for _ in names))


def row(*cells: str) -> str:
    """Return one line of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
