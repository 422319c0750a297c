"""The command line: what was typed finds its command, and how it ends.

Whatever happens, a person reads words and a script reads a status: no traceback.
"""

import inspect
import os
import re
import signal
import sys
from importlib import import_module
from typing import Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from selfhealctl.errors import CannotError, Interrupted, UsageError
from selfhealctl.exits import MEANINGS, Status
from selfhealctl.output import write_complaint, write_error
from selfhealctl.session import Choices
from selfhealctl.shared import with_choices, with_session
from selfhealctl.table import COMMANDS, Row
from selfhealctl.terminal import settle_characters, settle_colours
from selfhealctl.typed import with_seconds
from selfhealingd import __version__

NAME = "selfhealctl"
TRACEBACK_VARIABLE = "SELFHEALCTL_TRACEBACK"
CONTEXT = {"help_option_names": ["-h", "--help"]}

# Whether typer brings a click of its own depends on its version.
_TYPED_WRONG = cast("type[Exception]", typer.BadParameter.__base__)


def _statuses() -> str:
    return "\b\nExit statuses:\n" + "\n".join(
        f"  {status:>3}  {meaning}" for status, meaning in MEANINGS.items()
    )


def _reflowed(text: str) -> str:
    """Return each paragraph as one line, for the terminal's width to break."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


def _command(row: Row) -> Any:
    """Load a command's module, and make of it what typer runs."""
    function = getattr(
        import_module(f"selfhealctl.commands.{row.module}"), row.function
    )
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(
        row.name,
        help=_reflowed(inspect.getdoc(function) or ""),
        cls=_Command,
        context_settings=CONTEXT,
        rich_help_panel=row.panel,
        epilog="\b\nExamples:\n" + "\n".join(f"  {line}" for line in row.examples),
    )(with_session(function))
    return typer.main.get_command(alone)


class _Command(TyperCommand):
    """A command of which an option's value may be left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give --watch its usual seconds where none are typed."""
        typed = list(args)
        if any(one.name == "watch" for one in self.params):
            args = with_seconds(args)
        try:
            return super().parse_args(ctx, args)
        except _TYPED_WRONG as error:
            from selfhealctl.mistyped import meant  # noqa: PLC0415

            words = _words_of(error)
            hint = meant(str(self.name), typed, words)
            if hint is None:
                raise
            raise UsageError(words, hint) from None


class _Commands(TyperGroup):
    """The table of commands, each loaded when it is asked for."""

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002  click calls it so
        """Return every command's name, as help shows them."""
        return [row.name for row in COMMANDS]

    def get_command(self, ctx: object, cmd_name: str) -> Any:  # noqa: ARG002
        """Return one command, None where there is none of that name."""
        return next((_command(row) for row in COMMANDS if row.name == cmd_name), None)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that was typed; raises UsageError with the likely ones."""
        word = args[0]
        known = self.list_commands(ctx)
        if word == "help" and not ctx.resilient_parsing:
            if len(args) == 1:
                typer.echo(ctx.get_help())
                raise typer.Exit
            return self.resolve_command(ctx, [args[1], "--help"])
        if word in known or word.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        from selfhealctl.mistyped import no_command  # noqa: PLC0415

        raise UsageError(f"there is no command {word!r}", no_command(word, known))


app = typer.Typer(
    name=NAME,
    cls=_Commands,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings=CONTEXT,
    epilog=_statuses(),
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001  typer calls it so
    if wanted:
        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit


@app.callback()
@with_choices
def options(
    ctx: typer.Context,
    choices: Choices,
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
    """Ask selfhealingd how things are, and tell it what to do.

    Without a command, it shows the status.
    """
    ctx.obj = choices
    if ctx.invoked_subcommand is None:
        from selfhealctl.commands import look  # noqa: PLC0415  loaded when asked for

        look.overview(choices)


def main() -> None:
    """Run the command that was typed, and leave with its status."""
    # As every Unix tool: `selfhealctl status | head` ends without a word.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        # From here on there is something to say of it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(run())


def run() -> int:
    """Run the command in ``sys.argv``; return the exit status, words on stderr."""
    settle_characters(os.environ)
    settle_colours(os.environ, None)
    if any(word.endswith("-completion") for word in sys.argv):
        from selfhealctl.completion import settle_completion  # noqa: PLC0415

        settle_completion()
    try:
        left = typer.main.get_command(app)(prog_name=NAME, standalone_mode=False)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Status.FAILED
    except CannotError as error:
        write_error(error)
        return error.exit_status
    except (KeyboardInterrupt, typer.Abort):
        write_error(Interrupted("interrupted"))
        return Status.INTERRUPTED
    except OSError as error:
        write_complaint(f"cannot go on: {error}")
        return Status.FAILED
    except _TYPED_WRONG as error:
        return _mistyped(error)
    except Exception as error:
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        write_complaint(
            f"cannot go on: {type(error).__name__}: {error}",
            f"this is a mistake in {NAME}; {TRACEBACK_VARIABLE}=1 shows where",
        )
        return Status.FAILED
    return left if isinstance(left, int) else Status.DONE


def _mistyped(error: Any) -> int:
    """Tell what typer or click has to say of what was typed, and where help is."""
    place = error.ctx.command_path if error.ctx else NAME
    write_complaint(_words_of(error), f"see: {place} --help")
    return Status.USAGE


def _words_of(error: Any) -> str:
    from selfhealctl.mistyped import in_words  # noqa: PLC0415  only a mistake's

    return in_words(str(error.format_message()))
