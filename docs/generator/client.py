"""selfhealctl's commands and exit statuses, from its own code."""

from collections.abc import Iterator
from typing import Any

import typer.main

from generator.markdown import heads, row
from selfhealctl.app import app
from selfhealctl.exits import MEANINGS


def statuses() -> Iterator[str]:
    """Give a table of exit statuses."""
    yield from heads("Status", "Meaning")
    for status, meaning in MEANINGS.items():
        yield row(str(int(status)), meaning)


def commands() -> Iterator[str]:
    """Give a chapter for each command, under the panels that help has."""
    # Any: whether typer brings a click of its own depends on its version.
    group: Any = typer.main.get_command(app)
    panel = ""
    context = typer.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command.rich_help_panel != panel:
            panel = command.rich_help_panel
            yield from (f"## {panel}", "")
        yield from _command(name, command)


def _command(name: str, command: Any) -> Iterator[str]:
    own = [one for one in command.params if one.name not in _SHARED]
    yield from (f"### {name}", "")
    yield from (f"`{' '.join(['selfhealctl', name, *map(_usage, own)])}`", "")
    yield from (command.help, "")
    options = [one for one in own if one.param_type_name == "option"]
    for option in options:
        yield f"- `{', '.join((*option.opts, *option.secondary_opts))}`: {option.help}"
    if options:
        yield ""
    examples = [one for one in command.epilog.splitlines() if one.startswith("  ")]
    yield from ("```sh", *map(str.strip, examples), "```", "")


_SHARED = {"socket", "timeout", "output", "json", "color", "pager", "help"}


def _usage(one: Any) -> str:
    if one.param_type_name == "argument":
        return one.metavar if one.required else f"[{one.metavar.strip('[]')}]"
    if one.is_flag:
        return f"[{'|'.join((one.opts[0], *one.secondary_opts))}]"
    return f"[{one.opts[0]} {one.metavar}]"
