"""The daemon's command line and exit statuses, from its parser."""

import argparse
import re
from collections.abc import Iterator

from generator.markdown import heads, row
from selfhealingd.__main__ import command_line

_ROW = re.compile(r"^  (\S.*?) {2,}(\S.*)$")


def command() -> Iterator[str]:
    """Give its options, and the chapters that stand below them."""
    parser = command_line()
    yield from _options(parser)
    yield ""
    yield from _epilog(parser)


def statuses() -> Iterator[str]:
    """Give a table of exit statuses."""
    yield from heads("Status", "Meaning")
    for status, meaning in _rows(command_line(), "exit status"):
        yield row(status, meaning)


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:  # noqa: SLF001 - argparse tells it nowhere else
        words = ", ".join(action.option_strings)
        value = f" {action.metavar}" if action.metavar else ""
        yield f"- `{words}{value}`: {action.help}"


def _epilog(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Give the chapters below the options: tables and examples."""
    for title, lines in _chapters(parser):
        yield from (f"## {title.capitalize()}", "")
        rows = [found for line in lines if (found := _ROW.match(line))]
        if len(rows) == len(lines):
            yield from (f"- `{found[1]}`: {found[2]}" for found in rows)
        else:
            yield from ("```sh", *(line.strip() for line in lines), "```")
        yield ""


def _rows(parser: argparse.ArgumentParser, chapter: str) -> Iterator[tuple[str, str]]:
    for title, lines in _chapters(parser):
        if title == chapter:
            found = map(_ROW.match, lines)
            yield from ((row[1], row[2]) for row in found if row)


def _chapters(parser: argparse.ArgumentParser) -> Iterator[tuple[str, list[str]]]:
    for chapter in (parser.epilog or "").strip().split("\n\n"):
        title, *lines = chapter.splitlines()
        yield title.rstrip(":"), lines
