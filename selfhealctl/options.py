"""Arguments and options of commands, and how names are completed."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from importlib import import_module
from typing import Annotated

import typer

from selfhealctl.typed import WATCH_SECS


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


def _late(name: str) -> Callable[[typer.Context, str], Iterable[object]]:
    """Return a function of ``complete``, which is loaded when a person presses TAB."""

    def complete(ctx: typer.Context, incomplete: str) -> Iterable[object]:
        function = getattr(import_module("selfhealctl.complete"), name)
        found: Iterable[object] = function(ctx, incomplete)
        return found

    return complete


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
DaemonConfig = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        show_default=False,
        help="Where no daemon answers, its config; else $SELFHEALINGD_CONFIG, else the"
        " usual place.",
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
    bool,
    typer.Option(
        "--all", "-a", help="Also what is well, or does not fit on the terminal."
    ),
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
    typer.Option(
        "--rolling",
        help="One after the other, each until it is up; what others ask for stands.",
    ),
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
