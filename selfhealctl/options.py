"""What every command shares: options before and after it, names, completion."""

import functools
import inspect
import os
import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from importlib import import_module
from typing import Annotated, Any

import typer

from selfhealctl.advice import use_socket
from selfhealctl.errors import UsageError
from selfhealctl.session import SOCKET_VARIABLE, TIMEOUT, Choices, Output, Session
from selfhealctl.terminal import Colour, settle_colours


class LlmDo(StrEnum):
    """What is wanted of diagnosis by a model."""

    STATUS = "status"
    KEYS = "keys"
    PREVIEW = "preview"
    DIAGNOSE = "diagnose"
    APPROVE = "approve"
    TRUST = "trust"


class HooksDo(StrEnum):
    """What is wanted of hooks."""

    LIST = "list"
    TEST = "test"


class DrillKind(StrEnum):
    """What is done to a service."""

    KILL = "kill"
    HANG = "hang"
    LEAK = "leak"
    CRASHLOOP = "crashloop"


class Stream(StrEnum):
    """What a program writes to."""

    STDOUT = "stdout"
    STDERR = "stderr"


_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_STEP = r"(\d+(?:\.\d+)?)(s|min|m|h|d)?"

WATCH_SECS = 2.0
_WATCH = ("--watch", "-w")
_NUMBER = r"\d*\.?\d+|\d+\."

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


def _late(name: str) -> Callable[[typer.Context, str], Iterable[object]]:
    """Return a function of ``complete``, which is loaded when a person presses TAB."""

    def complete(ctx: typer.Context, incomplete: str) -> Iterable[object]:
        function = getattr(import_module("selfhealctl.complete"), name)
        found: Iterable[object] = function(ctx, incomplete)
        return found

    return complete


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
        help="auto heeds NO_COLOR and CLICOLOR_FORCE.",
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
Program = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        show_default=False,
        autocompletion=_late("service_name"),
        help="A service by name.",
    ),
]
Programs = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...",
        show_default=False,
        autocompletion=_late("service_names"),
        help="Services by name, groups (web:*), patterns ('web-*'), or the word all.",
    ),
]
RunbookName = Annotated[
    str,
    typer.Argument(
        metavar="RUNBOOK",
        show_default=False,
        autocompletion=_late("runbook_names"),
        help="A runbook by name.",
    ),
]
SomePrograms = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME...",
        show_default=False,
        autocompletion=_late("service_names"),
        help="Services, groups (web:*) or patterns ('web-*'); else everything.",
    ),
]
NewPrograms = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...",
        show_default=False,
        autocompletion=_late("new_names"),
        help="Programs, groups or patterns, by the names that the config has for them.",
    ),
]
OfConfig = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME...",
        show_default=False,
        autocompletion=_late("names_of_config"),
        help="Programs, groups or patterns, also new ones; else the whole config.",
    ),
]
Breaker = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        show_default=False,
        autocompletion=_late("breaker_names"),
        help="A breaker, such as program:web.",
    ),
]
TaskArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        show_default=False,
        autocompletion=_late("task_ids"),
        help="A background task.",
    ),
]
Reason = Annotated[
    str | None,
    typer.Option(
        "--reason", metavar="WORDS", show_default=False, help="Why; it is recorded."
    ),
]

Lines = Annotated[
    int,
    typer.Option("-n", "--lines", metavar="N", min=0, help="How many lines of each."),
]
Bytes = Annotated[
    int | None,
    typer.Option(
        "-c",
        "--bytes",
        metavar="N",
        min=0,
        show_default=False,
        help="How many bytes instead.",
    ),
]
StreamArgument = Annotated[
    Stream,
    typer.Argument(
        metavar="stdout|stderr", show_default=False, help="stdout if not given."
    ),
]
Last = Annotated[
    int, typer.Option("-n", "--last", metavar="N", min=0, help="How many past ones.")
]
OnlyOpen = Annotated[bool, typer.Option("--open", help="Only those that are open.")]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        show_default=False,
        help="Only those that were open in the last 30m, 2h, 1d …",
    ),
]
SinceWhen = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        show_default=False,
        help="Only what came later: 2h, 1d … ago, or a time such as 2026-11-24T14:00.",
    ),
]
OtherConfig = Annotated[
    str | None,
    typer.Option(
        "--with",
        metavar="CONFIG",
        show_default=False,
        help="A config to decide by instead, which the daemon's user can read.",
    ),
]
IncidentArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        show_default=False,
        autocompletion=_late("incident_ids"),
        help="An incident, or a service's name for its latest one; a proposal.",
    ),
]
Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on with each new one until Ctrl-C.")
]
Everything = Annotated[
    bool, typer.Option("--all", "-a", help="Also what does not fit on the terminal.")
]
Watch = Annotated[
    float | None,
    typer.Option(
        "--watch",
        "-w",
        metavar="[SECONDS]",
        show_default=False,
        min=0.1,
        max=3600,
        help=f"Show it anew at each event, and every {WATCH_SECS:g} seconds if none"
        " are given, until Ctrl-C.",
    ),
]
Wait = Annotated[
    bool,
    typer.Option(
        "--wait/--no-wait", help="Stay until it is done, or return once it is begun."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Also when it is PERMANENT_OPEN.")]
LlmArgument = Annotated[
    LlmDo,
    typer.Argument(
        metavar="[status|keys|preview|diagnose|approve|trust]",
        show_default=False,
        help="status if not given.",
    ),
]
OfIncident = Annotated[
    str | None,
    typer.Argument(
        metavar="[ID]",
        show_default=False,
        autocompletion=_late("llm_subjects"),
        help="An incident, or a service's name for its latest one; to approve, what's"
        " proposed.",
    ),
]
HooksArgument = Annotated[
    HooksDo,
    typer.Argument(
        metavar="[list|test]", show_default=False, help="list if not given."
    ),
]
OfHook = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        show_default=False,
        autocompletion=_late("hook_names"),
        help="A hook, as list shows it; for test.",
    ),
]
DrillKindArgument = Annotated[
    DrillKind,
    typer.Argument(
        metavar="kill|hang|leak|crashloop",
        show_default=False,
        help="What is done to it.",
    ),
]
YesDrill = Annotated[
    bool, typer.Option("--yes", "-y", help="Knowing what it leaves: for crashloop.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
]
Rolling = Annotated[
    bool,
    typer.Option("--rolling", help="One after the other, each until it is up."),
]
MaxUnavailable = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, help="With --rolling: so many at a time, instead of one."
    ),
]
SignalName = Annotated[
    str,
    typer.Argument(
        metavar="SIGNAL",
        show_default=False,
        autocompletion=_late("signal_names"),
        help="HUP, SIGHUP or its number.",
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


def with_seconds(typed: list[str]) -> list[str]:
    """Return what was typed, with the seconds of --watch where they were left out."""
    given: list[str] = []
    for at, word in enumerate(typed):
        if word == "--":
            return [*given, *typed[at:]]
        given.append(word)
        following = typed[at + 1] if at + 1 < len(typed) else ""
        if word in _WATCH and not re.fullmatch(_NUMBER, following):
            given.append(f"{WATCH_SECS:g}")
    return given


def seconds_of(since: str) -> float:
    """Return how long ``30m``, ``1h30m`` or ``90`` (seconds) are; raises UsageError."""
    text = since.strip().replace(" ", "").lower()
    steps = re.findall(_STEP, text) if re.fullmatch(rf"(?:{_STEP})+", text) else []
    seconds = sum(float(number) * _UNITS[unit or "s"] for number, unit in steps)
    if seconds <= 0:
        raise UsageError(
            f"cannot read {since!r}: expected a time such as 30m, 2h or 1d",
            "example: --since 2h",
        )
    return seconds


def required_reason(command: str, reason: str | None, example: str) -> str:
    """Return the reason; raises UsageError with the example when there is none."""
    if reason and any(map(str.isalnum, reason)):
        return reason
    if reason and reason.strip():
        raise UsageError(
            f"cannot {command}: the reason {reason.strip()!r} says nothing",
            f"example: {example}",
        )
    raise UsageError(
        f"cannot {command} without a reason: it is recorded with who gave it",
        f"example: {example}",
    )
