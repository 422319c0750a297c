"""``[supervisord]`` and the servers: ``[daemon]``, ``[control]``, and much advice."""

from collections.abc import Callable, Iterator

from selfhealingd.config.importing import advice
from selfhealingd.config.importing.document import Key, Note, Table
from selfhealingd.config.importing.errors import Unusable
from selfhealingd.config.importing.expansion import (
    Template,
    expand,
    fixed,
    pairs,
    rendered,
)
from selfhealingd.config.importing.options import octal, shown, unset
from selfhealingd.config.importing.reading import Section, Source
from selfhealingd.config.importing.surroundings import Surroundings, joined
from selfhealingd.config.mistakes import likely

_LEVELS = {
    "critical": "error",
    "error": "error",
    "warn": "warning",
    "info": "info",
    "debug": "debug",
    "trace": "debug",
    "blather": "debug",
}
_SECRET = {"username", "password"}
_KNOWN = {
    "supervisord",
    "unix_http_server",
    "inet_http_server",
    "supervisorctl",
    "rpcinterface",
    "ctlplugin",
    "include",
    "program",
    "group",
    "eventlistener",
    "fcgi-program",
}
Lines = Iterator[Key | Note]


def daemon_tables(source: Source, around: Surroundings) -> list[Table]:
    """Return what becomes of everything that is neither program nor group."""
    daemon = list(_each(source, "supervisord", around, _of_supervisord))
    control = list(_each(source, "unix_http_server", around, _of_server))
    rest: list[Key | Note] = []
    for kind, read in (
        ("inet_http_server", _of_inet),
        ("supervisorctl", _of_ctl),
        ("rpcinterface", _of_rpc),
        ("ctlplugin", _of_plugin),
    ):
        rest += _each(source, kind, around, read)
    rest += [
        Note(f"[{section.kind}]: supervisord doesn't know this section, and ignores it")
        for section in source.sections
        if section.kind not in _KNOWN
    ]
    return [
        Table(("daemon",), daemon) if daemon else Table(),
        Table(("control",), [*control, *rest]) if control or rest else Table(),
    ]


Read = Callable[[Section, str, Surroundings], Lines]


def _each(source: Source, kind: str, around: Surroundings, read: Read) -> Lines:
    for section in source.all(kind):
        for option in section.options:
            if option in around.ignored and option not in _ours(kind):
                continue
            try:
                yield from read(section, option, around)
            except Unusable as error:
                said = shown(option, section.options[option])
                yield Note(f"[{kind}] {said}: {error}; left out")


def _ours(kind: str) -> frozenset[str]:
    known = {
        "supervisord": {*advice.DAEMON, *_SUPERVISORD},
        "unix_http_server": {*advice.SERVER, "chmod", "chown"},
        "supervisorctl": set(advice.CTL),
    }
    return frozenset(known.get(kind, set()))


_SUPERVISORD = {"loglevel", "childlogdir", "directory", "umask", "environment"}


def _expanded(section: Section, option: str, around: Surroundings) -> Template:
    return expand(section.options[option], around.values(), around.environ)


def _of_supervisord(section: Section, option: str, around: Surroundings) -> Lines:
    written = section.options[option]
    if option in advice.DAEMON:
        yield Note(f"{shown(option, written)}: {advice.DAEMON[option]}")
        return
    if option not in _SUPERVISORD:
        hint = likely(option, [*advice.DAEMON, *_SUPERVISORD])
        parts = (shown(option, written), advice.UNKNOWN, hint)
        yield Note(": ".join(filter(None, parts)))
        return
    template = _expanded(section, option, around)
    match option:
        case "loglevel":
            level = fixed(template, around.environ).lower()
            if level not in _LEVELS:
                raise Unusable("there is no such level")
            yield Key("log_level", _LEVELS[level])
        case "childlogdir":
            yield _log_dir(template, around)
        case "environment":
            # Only to say it here if it cannot be understood.
            names = ", ".join(pairs(template))
            yield Note(f"environment: {names}: in the environment of each program")
        case "directory":
            yield _directory(template, around)
        case _:
            octal(fixed(template, around.environ))
            yield Note(f"{shown(option, written)}: in each program without its own")


def _log_dir(template: Template, around: Surroundings) -> Key:
    path = joined(around.here, template)
    if template.startswith("~/"):
        path = f"\0HOME\0{template[1:]}"
    note = unset(path, around.environ)
    return Key("log_dir", rendered(path, around.environ), note)


def _directory(template: Template, around: Surroundings) -> Note:
    said = shown("directory", template)
    if around.directory is None:
        return Note(
            f"{said}: not used, as with nodaemon=true supervisord doesn't, either"
        )
    return Note(f"{said}: in each program without its own")


def _of_server(section: Section, option: str, around: Surroundings) -> Lines:
    written = section.options[option]
    if option in advice.SERVER:
        said = option if option in _SECRET else shown(option, written)
        yield Note(f"{said}: {advice.SERVER[option]}")
    elif option == "chmod":
        mode = octal(fixed(_expanded(section, option, around), around.environ))
        yield Key("mode", f"0{mode}")
    elif option == "chown":
        owner = fixed(_expanded(section, option, around), around.environ)
        yield from _owner(owner)
    else:
        yield Note(f"{shown(option, written)}: {advice.UNKNOWN}")


def _owner(owner: str) -> Lines:
    """Who owned the socket could do everything; so these may operate."""
    user, _, group = owner.partition(":")
    operators = ["root", *([user] if user not in {"root", "0"} else [])]
    if group:
        yield Key("group", group, f"chown={owner}: must exist on this machine")
        operators += [f"@{group}"] if group not in {"root", "0"} else []
    yield Key("operators", operators, "" if group else f"chown={owner}")


def _of_inet(section: Section, option: str, around: Surroundings) -> Lines:
    del around
    if option == "port":
        said = shown(option, section.options[option])
        yield Note(f"[inet_http_server] {said}: {advice.INET_SERVER}")
    else:
        why = advice.CTL.get(option, advice.UNKNOWN)
        yield Note(f"[inet_http_server] {option}: {why}")


def _of_ctl(section: Section, option: str, around: Surroundings) -> Lines:
    del around
    written = section.options[option]
    said = option if option in _SECRET else shown(option, written)
    yield Note(f"[supervisorctl] {said}: {advice.CTL.get(option, advice.UNKNOWN)}")


def _of_rpc(section: Section, option: str, around: Surroundings) -> Lines:
    del around
    written = section.options[option]
    standard = written == advice.STANDARD_RPC
    said = advice.STANDARD_RPC_ADVICE if standard else advice.RPC
    yield Note(f"[rpcinterface:{section.name}] {shown(option, written)}: {said}")


def _of_plugin(section: Section, option: str, around: Surroundings) -> Lines:
    del around
    said = shown(option, section.options[option])
    yield Note(f"[ctlplugin:{section.name}] {said}: {advice.CTL_PLUGIN}")
