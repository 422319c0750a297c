"""The daemon's command line as Markdown, from its parser."""

import argparse
import re
from collections.abc import Iterator

_ROW = re.compile(r"^  (\S.*?) {2,}(\S.*)$")


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Give a list of a parser's options."""
    for action in parser._actions:  # noqa: SLF001 - argparse tells it nowhere else
        words = ", ".join(action.option_strings)
        value = f" {action.metavar}" if action.metavar else ""
        yield f"- `{words}{value}`: {action.help}"


def rows(parser: argparse.ArgumentParser, title: str) -> Iterator[tuple[str, str]]:
    """Give the rows of one chapter below the options."""
    for chapter in (parser.epilog or "").strip().split("\n\n"):
        if chapter.startswith(f"{title}:"):
            found = map(_ROW.match, chapter.splitlines()[1:])
            yield from ((row[1], row[2]) for row in found if row)


def epilog(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Give the chapters that stand below the options: tables and examples."""
    for chapter in (parser.epilog or "").strip().split("\n\n"):
        title, *lines = chapter.splitlines()
        yield from (f"## {title.rstrip(':').capitalize()}", "")
        rows = [row for line in lines if (row := _ROW.match(line))]
        if len(rows) == len(lines):
            yield from (f"- `{row[1]}`: {row[2]}" for row in rows)
        else:
            yield from ("```sh", *(line.strip() for line in lines), "```")
        yield ""
