"""The command line: its table of commands, and how it ends.

Whatever happens, a person reads words and a script reads a status: no traceback.
"""

import os
import signal
import sys
from typing import Annotated

import typer

from selfhealctl.commands import (
    daemon,
    drill,
    engine,
    events,
    incidents,
    llm,
    logs,
    look,
    programs,
    replay,
    upgrade,
)
from selfhealctl.errors import CannotError
from selfhealctl.exits import MEANINGS, Status
from selfhealctl.options import JsonOption, SocketOption, TimeoutOption, with_session
from selfhealctl.output import write_complaint, write_error
from selfhealctl.session import Choices
from selfhealingd import __version__

NAME = "selfhealctl"
TRACEBACK_VARIABLE = "SELFHEALCTL_TRACEBACK"

LOOK, PROGRAMS, ENGINE, DAEMON = "Look", "Programs", "Healing engine", "Daemon"


def _examples(*lines: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def _statuses() -> str:
    return "\b\nExit statuses:\n" + "\n".join(
        f"  {status:>3}  {meaning}" for status, meaning in MEANINGS.items()
    )


app = typer.Typer(
    name=NAME,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_statuses(),
)

COMMANDS = (
    (
        LOOK,
        look.status,
        ("selfhealctl status", "selfhealctl status web", "selfhealctl status | jq ."),
    ),
    (LOOK, look.health, ("selfhealctl health", "selfhealctl health || alert")),
    (
        LOOK,
        look.explain,
        ("selfhealctl explain web", "selfhealctl explain web | jq .next"),
    ),
    (
        LOOK,
        incidents.incidents,
        (
            "selfhealctl incidents",
            "selfhealctl incidents web --since 2h",
            "selfhealctl incidents -n 100 --json",
        ),
    ),
    (LOOK, incidents.show, ("selfhealctl show web-12", "selfhealctl show web")),
    (
        LOOK,
        incidents.evidence,
        ("selfhealctl evidence web-12", "selfhealctl evidence web | jq .tree"),
    ),
    (
        LOOK,
        events.events,
        ("selfhealctl events -n 50", "selfhealctl events --follow | jq .words"),
    ),
    (
        LOOK,
        logs.tail,
        ("selfhealctl tail web", "selfhealctl tail -f -n 100 web stderr"),
    ),
    (
        LOOK,
        logs.logs,
        ("selfhealctl logs -f", "selfhealctl logs -n 5 'worker:*' web"),
    ),
    (LOOK, look.breakers, ("selfhealctl breakers",)),
    (LOOK, look.tasks, ("selfhealctl tasks", "selfhealctl tasks | jq .totalTasks")),
    (
        LOOK,
        look.forecast,
        ("selfhealctl forecast", "selfhealctl forecast web | jq '.[].left'"),
    ),
    (
        LOOK,
        llm.llm,
        (
            "selfhealctl llm",
            "selfhealctl llm preview web",
            "selfhealctl llm diagnose web-12",
        ),
    ),
    (LOOK, look.runbooks, ("selfhealctl runbooks",)),
    (LOOK, look.flags, ("selfhealctl flags",)),
    (
        PROGRAMS,
        programs.start,
        ("selfhealctl start web", "selfhealctl start all --no-wait"),
    ),
    (
        PROGRAMS,
        programs.stop,
        ('selfhealctl stop web worker --reason "moving the database"',),
    ),
    (
        PROGRAMS,
        programs.restart,
        (
            "selfhealctl restart web",
            "selfhealctl restart --rolling --max-unavailable 2 worker:*",
        ),
    ),
    (
        PROGRAMS,
        programs.run,
        ('selfhealctl run clear-cache web --reason "disk is full"',),
    ),
    (PROGRAMS, programs.signal, ("selfhealctl signal HUP web",)),
    (
        PROGRAMS,
        programs.pid,
        ("selfhealctl pid web", 'strace -p "$(selfhealctl pid web)"'),
    ),
    (PROGRAMS, logs.clear, ("selfhealctl clear web", "selfhealctl clear all --yes")),
    (
        ENGINE,
        replay.replay,
        (
            "selfhealctl replay --since 1d",
            "selfhealctl replay --with new.toml --since 2026-11-24T14:00",
        ),
    ),
    (
        ENGINE,
        drill.drill,
        (
            "selfhealctl drill kill web",
            "selfhealctl drill hang web",
            "selfhealctl drill leak web",
            "selfhealctl drill crashloop web --yes",
        ),
    ),
    (ENGINE, engine.resume, ('selfhealctl resume --reason "disk replaced"',)),
    (
        ENGINE,
        engine.reset,
        (
            'selfhealctl reset program:web --reason "disk replaced"',
            'selfhealctl reset program:api --force --reason "bug fixed in 2.1"',
        ),
    ),
    (ENGINE, engine.pause_all, ("selfhealctl pause-all",)),
    (ENGINE, engine.resume_all, ("selfhealctl resume-all",)),
    (ENGINE, engine.unregister, ("selfhealctl unregister prune",)),
    (ENGINE, engine.cleanup, ("selfhealctl cleanup",)),
    (DAEMON, daemon.reload, ("selfhealctl reload",)),
    (DAEMON, daemon.reread, ("selfhealctl reread", "selfhealctl reread web")),
    (
        DAEMON,
        daemon.update,
        (
            "selfhealctl update --dry-run",
            "selfhealctl update",
            "selfhealctl update web worker:*",
        ),
    ),
    (DAEMON, daemon.add, ("selfhealctl add web",)),
    (DAEMON, daemon.remove, ("selfhealctl stop web && selfhealctl remove web",)),
    (DAEMON, upgrade.upgrade, ("selfhealctl upgrade",)),
    (DAEMON, daemon.shutdown, ("selfhealctl shutdown --yes",)),
    (DAEMON, daemon.version, ("selfhealctl version", "selfhealctl --version")),
)
for _panel, _command, _lines in COMMANDS:
    app.command(rich_help_panel=_panel, epilog=_examples(*_lines))(
        with_session(_command)
    )


def _show_version(wanted: bool) -> None:  # noqa: FBT001  typer calls it so
    if wanted:
        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    socket: SocketOption = None,
    timeout: TimeoutOption = None,
    json: JsonOption = None,
    version: Annotated[  # noqa: ARG001, FBT002  its callback has the effect
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show this client's version.",
        ),
    ] = False,
) -> None:
    """Ask selfhealingd how things are, and tell it what to do."""
    ctx.obj = Choices(socket=socket, timeout=timeout, as_json=json)


def main() -> None:
    """Run the command that was typed, and leave with its status."""
    # As every Unix tool: `selfhealctl status | head` ends without a word.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(run())


def run() -> int:
    """Run the command in ``sys.argv``; return the exit status, words on stderr."""
    try:
        app(prog_name=NAME)
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else Status.FAILED
    except CannotError as error:
        write_error(error)
        return error.exit_status
    except KeyboardInterrupt:
        return Status.INTERRUPTED
    except OSError as error:
        write_complaint(f"cannot go on: {error}")
        return Status.FAILED
    except Exception as error:
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        write_complaint(
            f"cannot go on: {type(error).__name__}: {error}",
            f"this is a mistake in {NAME}; {TRACEBACK_VARIABLE}=1 shows where",
        )
        return Status.FAILED
    return Status.DONE
