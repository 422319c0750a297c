"""The command line of the daemon. It runs in the foreground."""

if __name__ == "__main__":
    from selfhealingd import entry

    entry.main()  # which comes back here by this module's name, and ends the process

import argparse
import faulthandler
import os
import platform
import shlex
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import trio

import selfhealingd
from selfhealingd import daemon, entry, logs, systemd
from selfhealingd.config.check import load_config
from selfhealingd.config.mistakes import ConfigError
from selfhealingd.config.settings import Config
from selfhealingd.config.shared import shared_signs
from selfhealingd.control.listener import SocketError, SocketHeld
from selfhealingd.diagnose.keys import find_keys
from selfhealingd.flags import FlagError, read_flags
from selfhealingd.handoff import Handoff, take
from selfhealingd.logwriter import Writer
from selfhealingd.store.errors import NewerState, StoreError
from selfhealingd.store.lock import Held
from selfhealingd.succession import CannotSucceed
from selfhealingd.supervise.descriptors import DESCRIPTORS
from selfhealingd.webserving import check_files
from selfhealingd.wire.methods import REASON_CHARACTERS
from selfhealingd.wire.places import find_config

_STDERR = 2

SWITCH_SECS = 0.001
"""How long a thread may keep others from running Python. By default that is 5 ms: so
long a crash waited while the state was being encoded. A thread that starts a program
needs about 0.4 ms until it lets go by itself."""

DONE, FAILED, BAD_CONFIG, HELD, NEWER = 0, 1, 2, 3, 4

EPILOG = """\
exit status:
  0  stopped as asked; or, with --check, the config has no mistakes
  1  failed
  2  mistakes in the config (with --check, in the flag file too), or wrong usage
  3  another daemon holds the socket or the state
  4  a newer daemon wrote the state, which is left as it is

signals:
  TERM, INT  stop all programs in order, then end; again, a second later: kill
  HUP        read flags and config again, restarting nothing
  USR2       reopen the programs' logs, after logrotate has moved them

examples:
  selfhealingd --config /etc/selfhealingd/selfhealingd.toml --check
  selfhealingd --import /etc/supervisor/supervisord.conf > selfhealingd.toml
  selfhealingd --resume "disk replaced"
  selfhealingd --config new.toml --dry-run
  selfhealingd --install-systemd --dry-run
"""


def main() -> None:
    """Entry point."""
    _fill_standard_streams()
    sys.exit(run(sys.argv[1:]))


def _fill_standard_streams() -> None:
    """Put /dev/null where a stream was closed: else a file of ours took its place."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(descriptor)
    if sys.stdout is None:  # as Python has it for one that was closed
        sys.stdout = os.fdopen(1, "w", closefd=False)


def run(arguments: Sequence[str]) -> int:
    """Do what the command line says; returns the exit status."""
    handoff = take(os.environ)
    parser = command_line()
    asked = parser.parse_args(arguments)
    units = asked.install_systemd or asked.uninstall_systemd
    if asked.check or asked.schema or units or asked.import_ is not None:
        entry.hear()  # nothing to stop in order
    if asked.resume is not None and not asked.resume.strip():
        print("selfhealingd: --resume needs a reason", file=sys.stderr)
        return BAD_CONFIG
    if asked.user and not units:
        parser.error("--user goes with --install-systemd")
    if asked.dry_run and asked.resume is not None:
        parser.error("--dry-run resumes nothing: leave out --resume")
    if units:
        return _install(asked)
    if asked.import_ is not None:
        return _import(asked.import_)
    if asked.schema:
        return _print_schema()
    file = find_config(asked.config, os.environ, os.geteuid())
    try:
        config = load_config(file, environ=os.environ, uid=os.geteuid())
    except ConfigError as error:
        if asked.check:
            return _complain(str(error), _counted(file, error))
        check = f"selfhealingd{_option(asked.config)} --check"
        _tell_systemd(str(error.mistakes[0]), len(error.mistakes) - 1, check)
        return _complain(str(error), f"{_counted(file, error)}; nothing started")
    if asked.check:
        return _check(file, config)
    if asked.dry_run:
        return _rehearse(config)
    return _serve(config, asked.resume, handoff)


def command_line() -> argparse.ArgumentParser:
    """The command line; docs and manual page are made from it."""
    parser = argparse.ArgumentParser(
        prog="selfhealingd",
        description="Starts programs, heals them, and stops when that does not help.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="what to run")
    parser.add_argument(
        "--check",
        action="store_true",
        help="list all mistakes in the config and in the flag file, warn of secrets"
        " that can't be used and of signs that may deceive, and end",
    )
    parser.add_argument(
        "--resume",
        type=_short,
        metavar="REASON",
        help="leave dormant mode first, for this reason",
    )
    parser.add_argument(
        "--import",
        dest="import_",
        type=Path,
        metavar="FILE",
        help="print a config for a supervisord.conf or a Procfile, and end",
    )
    parser.add_argument(
        "--schema",
        action="store_true",
        help="print the JSON Schema of the config, for editors, and end",
    )
    parser.add_argument(
        "--install-systemd",
        action="store_true",
        help="put units, manual pages, completions and an example config in place,"
        " and end",
    )
    parser.add_argument(
        "--uninstall-systemd",
        action="store_true",
        help="remove that again, but for config, state and logs, and end",
    )
    parser.add_argument(
        "--user", action="store_true", help="install for yourself alone, without root"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="watch and decide, and touch nothing but say what would be done; with"
        " --install-systemd: say what would be installed",
    )
    version = f"selfhealingd {selfhealingd.__version__}"
    parser.add_argument("--version", action="version", version=version)
    return parser


def _import(file: Path) -> int:
    from selfhealingd.config.importing import (  # noqa: PLC0415  not for a daemon's whole life
        CannotImport,
        import_file,
    )

    try:
        made = import_file(file, environ=os.environ, host=platform.node())
    except CannotImport as error:
        print(f"selfhealingd: cannot import: {error}", file=sys.stderr)
        return BAD_CONFIG
    # TOML is UTF-8, whatever the locale.
    sys.stdout.buffer.write(made.text.encode())
    sys.stdout.flush()
    programs = _count(made.programs, "program table")
    told = f"{made.disabled} commented out, {_count(made.comments, 'comment')} to read"
    print(f"selfhealingd: {programs}, {told}", file=sys.stderr)
    return DONE


def _print_schema() -> int:
    from selfhealingd.install import shipped  # noqa: PLC0415  not for a daemon's whole life

    text = (shipped() / "etc" / "selfhealingd.schema.json").read_bytes()
    sys.stdout.buffer.write(text)
    sys.stdout.flush()
    return DONE


def _install(asked: argparse.Namespace) -> int:
    from selfhealingd.install import (  # noqa: PLC0415  not for a daemon's whole life
        Asked,
        CannotInstall,
        install,
        shipped,
        uninstall,
    )

    how = Asked(
        user=asked.user,
        dry_run=asked.dry_run,
        uid=os.geteuid(),
        environ=os.environ,
        command=Path(sys.argv[0]),
        shipped=shipped(),
    )
    try:
        _print(uninstall(how) if asked.uninstall_systemd else install(how))
    except CannotInstall as error:
        verb = "uninstall" if asked.uninstall_systemd else "install"
        print(f"selfhealingd: cannot {verb}: {error}", file=sys.stderr)
        return FAILED
    return DONE


def _print(lines: Iterable[str]) -> None:
    """Print what is done meanwhile, which goes on though nobody wants to read it."""
    for line in lines:
        try:
            print(line, flush=True)
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                reason = (error.strerror or str(error)).lower()
                print(f"selfhealingd: cannot tell more: {reason}", file=sys.stderr)
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - no path to speak of
                os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _rehearse(config: Config) -> int:
    from selfhealingd import rehearsal  # noqa: PLC0415  not for a daemon's whole life

    writer = _log_as(config)
    try:
        trio.run(rehearsal.run, config, writer)
    finally:
        writer.close()
    return DONE


def _serve(config: Config, resume: str | None, handoff: Handoff | None) -> int:
    # A watchdog ends who hangs by SIGABRT: then where it hung is in the log.
    faulthandler.enable(file=_STDERR)
    with suppress(OSError):  # after an upgrade it would be the interpreter's
        Path("/proc/self/comm").write_text("selfhealingd")
    DESCRIPTORS.keep_private()
    sys.setswitchinterval(SWITCH_SECS)
    writer = _log_as(config)
    try:
        ended = trio.run(
            partial(daemon.run, config, resume=resume, writer=writer, handoff=handoff)
        )
        status = DONE if ended else FAILED
    except* (Held, SocketHeld) as group:
        status = HELD
        _tell(group)
    except* NewerState as group:
        status = NEWER
        _tell(group)
    except* (StoreError, SocketError, CannotSucceed) as group:
        status = FAILED
        _tell(group)
    finally:
        writer.close()
    return status


def _log_as(config: Config) -> Writer:
    return logs.configure(
        level=config.daemon.log_level,
        fmt=config.daemon.log_format,
        debug=os.environ.get("DEBUG"),
        stream=sys.stdout,
        color=logs.wants_color(sys.stdout, os.environ),
        journal=systemd.is_journal(sys.stdout.fileno(), os.environ),
    )


def _tell(group: BaseExceptionGroup[Exception]) -> None:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            _tell(error)
        else:
            logs.get("Daemon").error(str(error))
            _tell_systemd(str(error))


def _check(file: Path, config: Config) -> int:
    """Say what is in the config, whose flag file has to be right as well."""
    try:
        read_flags(config.daemon.flags_file)
    except FlagError as error:
        return _complain(
            str(error), f"{_count(len(error.wrong), 'mistake')} in the flag file"
        )
    programs = _count(len(config.launches), "program")
    if config.watches:
        programs += f", {_count(len(config.watches), 'watch', 'watches')}"
    warnings = _warnings(config)
    for warning in warnings:
        print(f"{file}: {warning}", file=sys.stderr)
    found = f"no mistakes; {programs}, {_count(len(config.tasks), 'task')}"
    told = f"; {_count(len(warnings), 'warning')}" if warnings else ""
    print(f"{file}: {found}{told}")
    return DONE


def _warnings(config: Config) -> list[str]:
    """Say what of the secrets that it names could not be used, and what may deceive.

    They are no mistakes: it is valid where these files are not, and a daemon starts
    without what needs them. Their owner may be the daemon's user, which is not root.
    """
    found = [*shared_signs(config)]
    if config.llm.key_file is not None:
        file = config.llm.key_file
        problems = find_keys({}, file, _reader(file)).problems
        found += [f"llm.key_file: {problem}" for problem in problems]
    if config.web is not None:
        uid = _reader(config.web.token_file)
        found += check_files(config.web, os.environ, uid)
    return found


def _reader(file: Path | None) -> int:
    """Return for whom a secret is: root can check it for any user."""
    uid = os.geteuid()
    if uid == 0 and file is not None:
        with suppress(OSError):
            return file.stat().st_uid
    return uid


def _counted(file: Path, error: ConfigError) -> str:
    """Return how many mistakes there are; where there is no config, there are none."""
    if not file.exists():
        return "there is no config; write one, or name it: selfhealingd --config FILE"
    return f"{_count(len(error.mistakes), 'mistake')} in the config"


def _complain(mistakes: str, last: str) -> int:
    text = f"{mistakes}\nselfhealingd: {last}"
    # So that ``journalctl -p err`` shows them: see sd-daemon(3).
    mark = "<3>" if systemd.is_journal(_STDERR, os.environ) else ""
    print("\n".join(mark + line for line in text.splitlines()), file=sys.stderr)
    return BAD_CONFIG


def _tell_systemd(first: str, more: int = 0, check: str = "") -> None:
    """Leave the reason where ``systemctl status`` shows it, whatever else is logged."""
    rest = f" (and {more} more: {check})" if more else ""
    systemd.tell_at_once(os.environ, systemd.status(f"{first}{rest}"))


def _option(config: Path | None) -> str:
    return "" if config is None else f" --config {shlex.quote(str(config))}"


def _short(reason: str) -> str:
    if len(reason) > REASON_CHARACTERS:
        words = f"a reason has at most {REASON_CHARACTERS} characters"
        raise argparse.ArgumentTypeError(words)
    return reason


def _count(number: int, noun: str, several: str = "") -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {several or noun + 's'}"
