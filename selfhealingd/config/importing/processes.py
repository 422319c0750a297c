"""One process of a program: its table, with everything expanded that can be."""

import os
import shlex
from collections.abc import Mapping

from selfhealingd.config.importing import advice, fcgi, options
from selfhealingd.config.importing.document import (
    Key,
    Note,
    Table,
    reads_literally,
)
from selfhealingd.config.importing.errors import Unusable
from selfhealingd.config.importing.expansion import (
    Template,
    fixed,
    pairs,
    rendered,
    variables,
    words,
)
from selfhealingd.config.importing.lines import Lines, Process
from selfhealingd.config.importing.surroundings import joined
from selfhealingd.core.listening import SocketAs

_NEWLINE = (
    "a \\ at the end of a line puts a newline before the next word, for supervisord as"
    " well; take it out of the list unless it is meant"
)
_FORMER_FOLDER = "relative to the folder that supervisord was started in: taken as this"


def process_table(process: Process, header: tuple[str, ...]) -> Table:
    """Return the table of one process; doubtful when it cannot be run."""
    made = Lines(process)
    environment = _environment(made)
    table = Table(header, made.lines, environment)
    try:
        made.lines.insert(0, _command(made))
    except Unusable as error:
        table.doubtful = True
        table.before = (f"cannot be run: command: {error}",)
        if "command" in made.written:
            shown = options.show(made.written["command"])
            made.lines.insert(0, Note(f"command = {shown}"))
    _directory(made)
    for option in options.SIMPLE:
        if option in options.ROTATION:
            continue
        if option == "priority" and process.priority is not None:
            made.lines.append(process.priority)
        elif option in made.written:
            _simple(made, option)
    _umask(made)
    _logfiles(made)
    for option in options.ROTATION:
        if option in made.written:
            _simple(made, option)
    _kill(made)
    if made.socket is not None:
        made.lines.append(Key("sockets", [made.socket]))
        made.lines.append(Key("socket_as", SocketAs.STDIN.value))
    _others(made)
    return table


def _environment(made: Lines) -> dict[str, str]:
    found = dict(made.around.environment)
    if "environment" in made.written:
        try:
            own = _pairs(made.expanded("environment"), made)
        except Unusable as error:
            made.refused("environment", error)
        else:
            found |= own
            made.values |= {f"ENV_{name}": value for name, value in own.items()}
    environment: dict[str, str] = {}
    for name, template in found.items():
        if not name or "=" in name:
            made.lines.append(Note(f"environment {name}: not a name; left out"))
            continue
        try:
            environment[name] = rendered(template, made.around.environ)
        except Unusable as error:
            made.lines.append(Note(f"environment {name}: {error}; left out"))
            continue
        missing = options.unset(template, made.around.environ)
        if missing:
            made.lines.append(Note(f"environment {name}: {missing}"))
    return environment


def _pairs(template: Template, made: Lines) -> dict[str, Template]:
    try:
        return pairs(template)
    except Unusable:
        # Variables may hold more than values: names, or all of it.
        if not variables(template):
            raise
        return pairs(fixed(template, made.around.environ))


def _command(made: Lines) -> Key:
    if "command" not in made.written:
        raise Unusable("missing; supervisord refuses that as well")
    template = made.expanded("command")
    split = words(template)
    notes = [options.unset(template, made.around.environ)]
    environ = made.around.environ
    if _splits(template, split, made):
        names = " and ".join(sorted(set(variables(template))))
        notes.append(f"{names}: several words, so replaced by what it is now")
        split = words(fixed(template, environ))
    if not split or not split[0]:
        raise Unusable("empty")
    if any(word.startswith("\n") for word in split):
        notes.append(_NEWLINE)
    program = split[0]
    if "/" in program and not program.startswith(("/", "\0")):
        split[0] = joined(_folder(made), program)
    listed = [rendered(word, environ) for word in split]
    value = _as_text(template, listed, environ) or listed
    return Key("command", value, "; ".join(filter(None, notes)))


def _as_text(
    template: Template, listed: list[str], environ: Mapping[str, str]
) -> str | None:
    """Return a command as one string, if that says the same and can be read."""
    line = " ".join(part.strip() for part in template.split("\n"))
    try:
        text = rendered(line, environ)
        # With both kinds of quotes in it, a list has fewer backslashes.
        plain = reads_literally(text) or '"' not in text
        return text if plain and shlex.split(text) == listed else None
    except (Unusable, ValueError):
        return None


def _splits(template: Template, split: list[Template], made: Lines) -> bool:
    """Tell whether a variable's value would be more, or less, than part of a word."""
    try:
        whole = fixed(template, made.around.environ)
        return words(whole) != [fixed(word, made.around.environ) for word in split]
    except Unusable:
        return False  # it is not set here, and there will be a comment about that


def _folder(made: Lines) -> Template:
    """Return where the program starts; the folder of supervisord by default."""
    try:
        own = made.expanded("directory")
    except Unusable:
        own = ""
    return joined(made.around.folder, own) if own else made.around.folder


def _directory(made: Lines) -> None:
    if not made.written.get("directory"):
        if made.around.directory is not None:
            made.key("directory", made.around.directory, "from [supervisord]")
        return
    try:
        template = made.expanded("directory")
    except Unusable as error:
        made.refused("directory", error)
        return
    if template.startswith("~"):
        made.refused("directory", Unusable('no ~ here; write "${HOME}/…"'))
        return
    relative = not template.startswith(("/", "\0"))
    made.key("directory", _folder(made), _FORMER_FOLDER if relative else "")


def _simple(made: Lines, option: str) -> None:
    if option.startswith("stderr_") and _redirected(made):
        text = options.shown(option, made.written[option])
        made.lines.append(Note(f"{text}: stderr goes where stdout goes"))
        return
    try:
        template = made.expanded(option)
        made.lines.append(options.simple(option, template, made.around.environ))
    except Unusable as error:
        made.refused(option, error)


def _umask(made: Lines) -> None:
    if "umask" not in made.written and made.around.umask is not None:
        made.lines.append(Key("umask", made.around.umask, "from [supervisord]"))


def _redirected(made: Lines) -> bool:
    try:
        template = made.expanded("redirect_stderr", "false")
        return options.boolean(fixed(template, made.around.environ))
    except Unusable:
        return False


def _logfiles(made: Lines) -> None:
    for option in ("stdout_logfile", "stderr_logfile"):
        if option not in made.written:
            continue
        try:
            template = options.logfile(made.again(made.expanded(option)))
            _logfile(made, option, template)
        except Unusable as error:
            made.refused(option, error)


def _logfile(made: Lines, option: str, template: Template) -> None:
    if not template:
        raise Unusable("empty")
    if option == "stderr_logfile" and _redirected(made):
        text = options.shown(option, template)
        made.lines.append(Note(f"{text}: stderr goes where stdout goes"))
    elif template.lower() == "syslog":
        made.key(option, "JOURNAL", advice.JOURNAL)
    elif template in {"AUTO", "NONE"}:
        made.key(option, template)
    elif template.startswith("~/"):
        made.key(option, f"\0HOME\0{template[1:]}")
    elif template.startswith("~"):
        path = os.path.expanduser(template)  # noqa: PTH111 - keeps marks
        if path == template:
            raise Unusable("there is no such user on this machine")
        made.key(option, path)
    else:
        path = joined(made.around.folder, template)
        made.key(option, path, "" if path == template else _FORMER_FOLDER)


def _kill(made: Lines) -> None:
    """Make a pair of what supervisord's and our defaults would set at odds."""
    found = {
        line.key: line.value
        for line in made.lines
        if isinstance(line, Key) and line.key in {"stopasgroup", "killasgroup"}
    }
    if found.get("killasgroup") is not False:
        return
    if found.get("stopasgroup") is True:
        made.lines[:] = [
            line
            for line in made.lines
            if not isinstance(line, Key) or line.key != "killasgroup"
        ]
        made.lines.append(
            Note("killasgroup=false: impossible with stopasgroup=true; left out")
        )
    elif "stopasgroup" not in found:
        made.lines.append(
            Key(
                "stopasgroup", value=False, note="supervisord's default, as killasgroup"
            )
        )


_ELSEWHERE = {
    "command",
    "process_name",
    "numprocs",
    "numprocs_start",
    "directory",
    "stdout_logfile",
    "stderr_logfile",
    "environment",
    *options.SIMPLE,
}
_EVENTS = {"events", "buffer_size", "result_handler"}


def _others(made: Lines) -> None:
    """Add a comment for each option that has no key of ours."""
    for option, value in made.written.items():
        of_socket = made.section.kind == fcgi.KIND and option in fcgi.OPTIONS
        if option in _ELSEWHERE or (of_socket and made.socket is not None):
            continue
        if of_socket:
            made.lines.append(Note(options.shown(option, value)))
        elif made.section.kind == "eventlistener" and option in _EVENTS:
            made.lines.append(Note(f"{options.shown(option, value)}: see above"))
        elif option in advice.PROGRAM or option not in made.around.ignored:
            made.lines.append(options.instead(option, value))
