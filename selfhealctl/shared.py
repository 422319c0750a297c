"""Options of every command, before it and after it."""

import functools
import inspect
import os
from collections.abc import Callable
from typing import Annotated, Any

import typer

from selfhealctl.advice import use_socket
from selfhealctl.errors import UsageError
from selfhealctl.session import SOCKET_VARIABLE, TIMEOUT, Choices, Output, Session
from selfhealctl.terminal import Colour, settle_colours

PANEL = "Connection and output"
LONGEST_TIMEOUT = 86400.0


def _reasonable(seconds: float | None) -> float | None:
    if seconds is None or 0 < seconds <= LONGEST_TIMEOUT:
        return seconds
    raise typer.BadParameter(f"expected more than 0 and at most {LONGEST_TIMEOUT:g}")


def _colour(choice: Colour | None) -> Colour | None:
    if choice is not None:
        settle_colours(os.environ, choice)
    return choice


# No Path: typer would look at the file itself, and refuse it in its own words.
SocketOption = Annotated[
    str | None,
    typer.Option(
        "--socket",
        metavar="PATH",
        show_default=False,
        rich_help_panel=PANEL,
        help=f"The daemon's socket; else ${SOCKET_VARIABLE}, else the usual place.",
    ),
]
TimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        show_default=False,
        rich_help_panel=PANEL,
        callback=_reasonable,
        help=f"How long to wait for an answer; {TIMEOUT:g} if not given. What takes"
        " longer (stop, restart) has the deadline that the daemon names.",
    ),
]
JsonOption = Annotated[
    bool | None,
    typer.Option(
        "--json/--no-json",
        show_default=False,
        rich_help_panel=PANEL,
        help="JSON or words; else words on a terminal and JSON in a pipe.",
    ),
]
OutputOption = Annotated[
    Output | None,
    typer.Option(
        "-o",
        "--output",
        metavar="table|wide|json|jsonl",
        show_default=False,
        rich_help_panel=PANEL,
        help="How to show it; wide: every column, jsonl: an object a line.",
    ),
]
ColourOption = Annotated[
    Colour | None,
    typer.Option(
        "--color",
        metavar="auto|always|never",
        show_default=False,
        rich_help_panel=PANEL,
        callback=_colour,
        help="auto heeds NO_COLOR and CLICOLOR_FORCE; never: nothing but text.",
    ),
]
PagerOption = Annotated[
    bool | None,
    typer.Option(
        "--pager/--no-pager",
        show_default=False,
        rich_help_panel=PANEL,
        help="Show what is longer than the terminal by $PAGER, or not.",
    ),
]


def with_session(command: Callable[..., None]) -> Callable[..., None]:
    """Turn a command that begins with a Session into what typer takes."""

    @functools.wraps(command)
    def run(ctx: typer.Context, after: Choices, **given: Any) -> None:
        before = ctx.find_object(Choices) or Choices()
        choices = after.over(before)
        if choices.socket:
            use_socket(choices.socket)
        command(Session.of(choices), **given)

    own = inspect.signature(command).parameters.values()
    return _with_shared(run, list(own)[1:])


def with_choices(function: Callable[..., None]) -> Callable[..., None]:
    """Turn what begins with a context and Choices into what typer takes."""
    own = inspect.signature(function).parameters.values()
    return _with_shared(function, list(own)[2:])


def _with_shared(
    function: Callable[..., None], own: list[inspect.Parameter]
) -> Callable[..., None]:
    """Put the shared options into its signature, which is what typer reads."""

    @functools.wraps(function)
    def run(ctx: typer.Context, **given: Any) -> None:
        function(ctx, chosen(**{name: given.pop(name) for name in _SHARED}), **given)

    shared = [_parameter(name, kind, None) for name, kind in _SHARED.items()]
    signature = inspect.Signature([_parameter("ctx", typer.Context), *own, *shared])
    run.__signature__ = signature  # type: ignore[attr-defined]
    run.__annotations__ = {
        name: parameter.annotation for name, parameter in signature.parameters.items()
    }
    return run


def _parameter(
    name: str, annotation: object, default: object = inspect.Parameter.empty
) -> inspect.Parameter:
    return inspect.Parameter(
        name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        annotation=annotation,
        default=default,
    )


_SHARED = {
    "socket": SocketOption,
    "timeout": TimeoutOption,
    "output": OutputOption,
    "json": JsonOption,
    "color": ColourOption,
    "pager": PagerOption,
}
"""Options of every command, by their names as parameters."""


def chosen(
    *,
    socket: str | None,
    timeout: float | None,
    output: Output | None,
    json: bool | None,
    color: Colour | None,
    pager: bool | None,
) -> Choices:
    """Return what was typed; raises UsageError where it contradicts itself."""
    del color  # its callback has the effect
    if json is not None:
        usual = Output.JSON if json else Output.TABLE
        if output is not None and (output in _JSON) is not json:
            word = "--json" if json else "--no-json"
            raise UsageError(
                f"cannot show both: {word} and --output {output}",
                f"use --output {output} alone",
            )
        output = output or usual
    return Choices(socket=socket, timeout=timeout, output=output, pager=pager)


_JSON = (Output.JSON, Output.JSONL)
