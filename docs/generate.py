"""Writes the generated parts of the pages in this folder, manual pages, completions.

Run it as ``python docs/generate.py``, where the package is installed. A part
stands between ``<!-- begin NAME -->`` and ``<!-- end -->``; what is around it is
written by hand. Manual pages come from these pages. A test sees to it that all of it
is up to date.
"""

import builtins
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import configschema
import eventdocs
import msgspec
import typer.main
import usage
from manpages import MANUAL
from roff import manual
from typer.completion import get_completion_script

import selfhealingd
from selfhealctl.app import NAME, app
from selfhealctl.exits import MEANINGS, OF_KIND
from selfhealingd.__main__ import command_line
from selfhealingd.config import Places, defaults, readers, schema
from selfhealingd.config import rules as rules_schema
from selfhealingd.config.rules import HostRuleTable, RuleTable
from selfhealingd.config.table import Nested, Reader
from selfhealingd.core.kinds import KINDS as EVENTS
from selfhealingd.core.listening import SocketAs
from selfhealingd.core.policy import Autorestart, Healing
from selfhealingd.core.probe import Heartbeat, Probe
from selfhealingd.core.rules.measures import KINDS as MEASURES
from selfhealingd.core.rules.measures import Scope
from selfhealingd.web.catalogue import CATALOGUE
from selfhealingd.wire.messages import Kind
from selfhealingd.wire.methods import METHODS, Params

FOLDER = Path(__file__).parent
_PART = re.compile(r"(<!-- begin (?P<name>[a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)

KINDS = {
    "Text": "string",
    "Strings": "list of strings",
    "Members": "list of strings",
    "Boolean": "boolean",
    "StartWhen": 'boolean, `"on-connection"`',
    "HandedAs": '`"listen-fds"`, `"stdin"`',
    "Listen": "address",
    "SocketType": '`"stream"`, `"datagram"`',
    "Share": "share, 0 to 1",
    "Amount": "number from 0",
    "Duration": "duration",
    "Positive": "duration over 0",
    "Every": "duration over 0",
    "Count": "whole number from 1 to 1000000",
    "Tokens": "whole number from 1 to 1000000000",
    "Retries": "whole number from 0 to 1000000",
    "Priority": "whole number",
    "Backups": "whole number from 0 to 1000000",
    "Size": "size",
    "Octal": "octal bits",
    "PathText": "path",
    "Signal": "signal",
    "Exitcodes": "list of 0 to 255",
    "When": '`"always"`, `"unexpected"`, `"never"`',
    "Command": "list or string",
    "OwnCommand": "list or string",
    "UnitName": "name of a service unit",
    "LogLevel": '`"debug"`, `"info"`, `"warning"`, `"error"`',
    "LlmMode": '`"off"`, `"advise"`, `"act"`',
    "Endpoint": "URL",
    "Orphans": '`"keep"`, `"stop"`',
    "LogFormat": '`"console"`, `"json"`',
    "Environment": "table of strings",
    "Pattern": "regular expression",
    "Address": "host:port",
    "WebAddress": "URL",
    "Method": "HTTP method",
    "Headers": "table of strings",
    "Statuses": "status, range, or list",
    "Ladder": "list of remedies",
    "Windows": 'list of `"HH:MM-HH:MM"`',
    "Prevent": '`"off"`, `"advise"`, `"act"`',
    "Addresses": "string, list of strings",
    "TextOrFile": "string",
    "Loudness": '`"debug"`, `"info"`, `"warning"`, `"error"`',
    "Style": '`"event"`, `"chat"`',
    "Reload": "signal, list or string",
    "Rules": "list of rules",
    "HostRules": "list of rules",
    "Words": "words",
    "OptionalWords": "words",
    "Remedies": "remedy, or list of them",
    "Certificate": "path, or host:port",
    "Checksum": '`"unchanged"`, `"sha256:…"`',
    "Level": '`"warning"`, `"critical"`',
}

DAEMON = {
    "state_dir": "What must survive a restart: `state.toml`, `journal.jsonl`, `lock`.",
    "runtime_dir": "The socket, and what may vanish at a reboot.",
    "log_dir": "Where programs' logs go that name no other folder.",
    "flags_file": "The [flag file](operations.md#feature-flags).",
    "include": "More files with `[program.NAME]` and `[tasks.NAME]`; patterns.",
    "sample_interval": "How often programs are measured, the first time after so"
    " long. `FEATURE_PROCESS_MONITORING_ENABLED` in the flag file switches it off.",
    "log_level": "The least level of the daemon's own log.",
    "log_format": "The daemon's own log: for people, or one JSON object a line.",
    "orphans": "What becomes of a program that ran on while there was no daemon, and"
    " that the config has no more: it runs on until an `update`, or is stopped.",
    "tasks_caution": "So many background tasks are a warning.",
    "tasks_overload": "So many are an overload; must be above `tasks_caution`.",
}
CONTROL = {
    "socket": "The control socket; at most 107 bytes long.",
    "mode": "Its permissions: who may connect may look.",
    "group": "Its group.",
    "operators": "Who may also operate, besides root and the daemon's own user:"
    " users and `@groups`.",
}
HEALING = {
    "backoff_initial": "After n failed healings in a row the next one waits this"
    " times 2ⁿ, plus up to 10 %.",
    "backoff_max": "The longest wait.",
    "verify_secs": "What stays up for so long after a restart is healed.",
    "open_after": "Failed healings in a row that open a breaker.",
    "open_secs": "For how long it opens, plus up to 10 %.",
    "permanent_after": "Failed healings in a row that open a program's breaker for"
    " good.",
    "ladder": "[What is tried](#remedies), the cheapest first, while a program is up"
    " but not well.",
    "preventive": "What is done about a failure that is only predicted: nothing, say"
    " so, or restart before it.",
    "quiet": "When that may be done, in local time; empty: at any time.",
}
ENGINE = {
    "dormant_after": "Failed healings in a row, counted while many programs fail,"
    " after which the engine goes dormant.",
    "systemic_share": "Failures count against the engine while at least this share of"
    " the programs is failing; 0 counts each.",
    "max_concurrent_remedies": "At most this share of the programs (at least one) is"
    " being restarted at a time.",
    "max_remedies_per_hour": "At most so many restarts in any hour.",
    "max_drills_per_hour": "At most so many"
    " [drills](operations.md#drills) in any hour.",
    "max_drill_pressure": "No drill begins while something waits for CPU or IO for a"
    " larger share of the time.",
}
OWN_HEALING = HEALING | {
    "llm_actions": "What a [model](diagnosis.md#let-it-act) may do about it by itself,"
    " in mode `act`.",
}
COMMAND = {
    "command": "What to run. A string is split as a shell would; no shell runs it. A"
    " program without a slash is searched in its `PATH`. **Required.**",
    "environment": 'Added to the daemon\'s own. `{ file = "path" }` instead of a'
    " string takes a file's content, so that secrets stay out of the config.",
    "directory": "The working directory.",
    "user": "Whom to run as; only when the daemon runs as root. Sets `HOME`, `USER`,"
    " `LOGNAME`, `SHELL`.",
}


def _log_keys(stream: str, automatic: str) -> dict[str, str]:
    log = f"{stream}_logfile"
    return {
        log: f'Where {stream} goes: `"AUTO"` (`{automatic}`), `"NONE"`, `"JOURNAL"`'
        " (systemd's), `/dev/stdout` or `/dev/stderr` (the daemon's own, each line with"
        " the program's name), or a path. See [output](operations.md#output).",
        f"{log}_maxbytes": "A log is rotated before it grows beyond this; 0: never.",
        f"{log}_maxage": "It is rotated at the first moment of each period of this"
        ' length, counted from local midnight: `"1d"` is daily. 0: never.',
        f"{log}_backups": "So many older logs are kept, as `….1` (the newest) and on.",
        f"{log}_compress": "Gzip all of them but the newest.",
    }


PROGRAM = COMMAND | {
    "autostart": 'Start it with the daemon; with `"on-connection"` when somebody'
    " connects to one of its `sockets`.",
    "autorestart": "When to start it again after it ended by itself. `true` and"
    " `false` are `always` and `never`.",
    "exitcodes": "Which exit codes are expected ends.",
    "startsecs": "Up for so long: RUNNING. Ended before: a failed start.",
    "startretries": "Give up after so many failed starts in a row, beyond the first.",
    "stopsignal": "What asks it to end.",
    "stopwaitsecs": "How long it then has until SIGKILL.",
    "stopasgroup": "Send `stopsignal` to all of its processes, not to the first alone.",
    "killasgroup": "Send SIGKILL to all of its processes, and clear away what it"
    " leaves.",
    "priority": "Lower starts earlier and stops later.",
    "depends_on": "What has to be how far before it starts: programs or groups, each"
    " `started`, `ready` (RUNNING), `healthy` (no incident) or `completed`.",
    "essential": "When it ends for good, so does the daemon, with status 1.",
    "drills": "It may be made to fail on purpose, by"
    " [`selfhealctl drill`](operations.md#drills).",
    "reload": 'What makes it read its own config again: a signal such as `"HUP"`, or'
    " a command, which may take 60 s. What the remedy `reload` does.",
    "umask": "Its umask.",
    "rlimits": "Resource limits, named as in setrlimit(2) without `RLIMIT_`: a"
    ' number, a size, `"unlimited"`, or `[soft, hard]`.',
    "sockets": "[Sockets](#socketname) that it is handed.",
    "socket_as": "How: from descriptor 3 on, as systemd does, or its only one as stdin,"
    " for FastCGI.",
    **_log_keys("stdout", "NAME.log"),
    **_log_keys("stderr", "NAME.err.log"),
    "redirect_stderr": "Send stderr to where stdout goes.",
    "healing": "For this program alone: any of `backoff_initial`, `backoff_max`,"
    " `verify_secs`, `open_after`, `open_secs`, `permanent_after`, `ladder`,"
    " `preventive`, `quiet`; and `llm_actions`: what a model may do about it by itself,"
    " in mode `act`; see [diagnosis](diagnosis.md#let-it-act).",
    "startup": "What it has to show to be RUNNING, where `readiness` is another"
    " matter: see [below](#programnamereadiness).",
    "readiness": "What it has to show to be RUNNING, and to be ready from then on: see"
    " [below](#programnamereadiness).",
    "liveness": "How it is found out whether it is well: see"
    " [below](#programnameliveness).",
    "rules": "When it is not well by what is measured of it; see [rules](rules.md).",
}
ASK = {
    "http": "It answers a request to this URL as it should.",
    "socket": "With `http`: send the request to this Unix socket.",
    "method": "With `http`: the method.",
    "headers": "With `http`: more headers, or others in place of the usual ones.",
    "status": "With `http`: which statuses are well, each a number or a range.",
    "body": "With `http`: a regular expression that has to be found in the first"
    " 64 KiB of the body.",
    "tcp": 'It listens on this port, such as `"127.0.0.1:8000"`; `":8000"` is on'
    " this host.",
    "unix": "It listens on this Unix socket.",
    "exec": "This command, run as the program is (user, environment, directory), exits"
    " with status 0.",
    "tls": "With `tcp`: speak TLS.",
    "verify": "Where TLS is spoken: check the certificate. Otherwise any will do.",
    "ca_file": "Check it by these authorities, not by the system's.",
    "server_name": "It has to name this host, not the one that is connected to.",
    "send": "With `tcp` and `unix`: send this.",
    "expect": "With `tcp` and `unix`: a regular expression that has to be found in what"
    " comes then.",
    "period": "From one ask to the next.",
    "timeout": "How long an answer may take; longer on a host under pressure.",
}
STARTUP = ASK | {
    "notify": "It says `READY=1` itself, by sd_notify(3).",
    "log": "It writes a line to one of its logs in which this regular expression"
    " (Python's) is found.",
    "within": "So long after its start; what takes longer is a failed start.",
}
_ROWS = {
    "failure_threshold": "So many failures in a row make a difference.",
    "success_threshold": "So many successes in a row make it well again.",
}
READINESS = STARTUP | _ROWS
LIVENESS = (
    ASK
    | {
        "heartbeat": "It sends `WATCHDOG=1` at least so often, by sd_notify(3).",
        "log": "It writes no line to its logs in which this regular expression"
        " (Python's) is found.",
        "silence": "It writes something to its logs at least so often.",
    }
    | _ROWS
    | {"ladder": "What to try then, in place of its `healing.ladder`."}
)
WATCH = {
    "systemd": "Its main process is that of this unit; systemd starts and stops it.",
    "pidfile": "Its number stands in this file.",
    "match": "It is found in the command lines of all processes by this regular"
    " expression (Python's); of several, the one that began first.",
    "start": "The command that starts it; without one, `restart` does. With `systemd`:"
    " that unit's start.",
    "stop": "The command that stops it. Default: `stopsignal`; with `systemd`: that"
    " unit's stop.",
    "restart": "The command that does both. Default: one after the other; with"
    " `systemd`: that unit's restart.",
    "drills": "As for a program.",
    "reload": "What makes it read its own config again: a signal or a command. With"
    " `systemd`: that unit's reload.",
    "environment": "Of these commands: as for a program.",
    "directory": "The working directory of these commands.",
    "user": "Whom these commands run as; only when the daemon runs as root.",
    "autostart": "It should be up, so it is an incident if it is missing when the"
    " daemon begins to look. Otherwise only from when it is seen up.",
    "exitcodes": "Which exit codes are expected ends, after which it is left down.",
    "startsecs": "Up for so long: RUNNING. Missing for so long when the daemon begins:"
    " an incident.",
    "startwaitsecs": "How long a start may take until its process is there.",
    "startretries": "Give up after so many failed starts in a row, beyond the first.",
    "stopsignal": "What asks it to end, where no command does.",
    "stopwaitsecs": "How long it then has until SIGKILL.",
    "priority": "In which order watches and programs are looked for and started.",
    "depends_on": "As for a program.",
    "healing": "As for a program.",
    "rules": "As for a program.",
    "liveness": "As for a program, but for what only it can show: see"
    " [below](#programnameliveness).",
}
GROUP = {
    "programs": "Programs that are named together.",
}
SOCKET = {
    "listen": 'An IP address with a port, or a path: `"127.0.0.1:8000"`,'
    ' `"[::1]:8000"`, `"[::]:80"` (every address, of IPv4 too), `"unix:/run/x.sock"`.'
    " **Required.**",
    "type": "TCP or UDP; a unix socket may be either, too.",
    "backlog": "So many connections may wait to be accepted; the sysctl"
    " `net.core.somaxconn` is the most.",
    "mode": "Of a unix socket: who may connect.",
    "user": "Of a unix socket: its owner.",
    "group": "Of a unix socket: its group.",
    "reuse_port": "Of a port: others may listen there as well (`SO_REUSEPORT`).",
}
MEASURED = {
    Scope.SERVICE: {
        "cpu": "Of one core, by its process alone: two busy threads are 200%. `of"
        " limit`: of the cores that it may use.",
        "memory": "Resident memory of its process (RSS). `of limit`: of the least of"
        " its rlimit `as`, `memory.max` of its cgroups, and the machine's.",
        "pss": "Its resident memory with shared pages divided among those that share"
        " them. Dear to read.",
        "swap": "What of its process is swapped out.",
        "fds": "Open file descriptors of its process. `of limit`: of its rlimit"
        " `nofile`.",
        "threads": "Threads of its process.",
        "total cpu": "`cpu`, with all of its descendants.",
        "total memory": "`memory`, with all of its descendants.",
        "total fds": "`fds`, with all of its descendants.",
        "total threads": "`threads`, with all of its descendants.",
        "children": "All of its descendants.",
        "zombies": "Those of them that ended and were never waited for.",
        "uptime": "Since its process began.",
        "reads": "What it makes disks read.",
        "writes": "What it makes disks write.",
        "restarts": "How often it was started anew, for whatever reason, failed starts"
        " among them; counted by this daemon, always with `in` and a span.",
    },
    Scope.HOST: {
        "cpu": "Of all cores.",
        "load": "Load average of 1 minute.",
        "load5": "Of 5 minutes.",
        "load15": "Of 15 minutes.",
        "memory": "What new programs can't have: total less available.",
        "free memory": "What new programs can have.",
        "swap": "Swap in use.",
        "fds": "Open files of all processes, of `fs.file-max`.",
        "disk": "Space in use on the file system of a path, as `df` counts it.",
        "free disk": "Space left on it for those who aren't root.",
        "inodes": "Inodes in use on it.",
        "cpu pressure": "The share of the last 10 s in which some task waited for cpu:"
        " `/proc/pressure`. Unknown where the kernel has no PSI.",
        "memory pressure": "Likewise for memory.",
        "io pressure": "Likewise for disks.",
        "full cpu pressure": "The share in which all tasks waited for it.",
        "full memory pressure": "Likewise for memory.",
        "full io pressure": "Likewise for disks.",
    },
}
RULE = {
    "when": "What is measured, from where on it is too much, and for how long."
    " **Required.**",
    "clear": "What ends it, about the same measure.",
    "remedy": "What is tried, as a [ladder](config.md#remedies).",
}
HOST_RULE = {
    "level": "How it is told in status: `WARNING` or `CRITICAL`.",
}
CHECK = {
    "file": "A file's path.",
    "folder": "A folder's path.",
    "certificate": "The path of a certificate (PEM or DER; of several the first to"
    " expire counts), or a TLS server's host and port.",
    "exists": "Whether it has to be there, or must not be.",
    "max_age": "So long ago at most it was last written to; a folder: something in it"
    " came or went.",
    "min_size": "A file has at least so many bytes.",
    "max_size": "A file has at most so many bytes.",
    "max_entries": "So many are directly in a folder at most.",
    "checksum": 'A file\'s content: `"unchanged"`, or `"sha256:…"`.',
    "expires_within": "A certificate that expires so soon is too old already.",
    "every": "From one look to the next.",
    "service": "The program or watch that it concerns. None: the host.",
    "remedy": "What is tried, as for [rules](rules.md).",
    "level": "Of the host: how it is told in status, `WARNING` or `CRITICAL`.",
}
WEB = {
    "listen": "Where it is served: an address, which names no host, and a port.",
    "certfile": "The certificate, with all between it and its root, for TLS.",
    "keyfile": "Its key, without a password.",
    "insecure": "May be reached from other hosts without TLS, so that whoever is on the"
    " way reads along, the token too; or be read there without the token.",
    "token_file": "What whoever changes something has to know, at least 32 characters,"
    " in a file that nobody but the daemon's user can read. See"
    " [the token](web.md#the-token).",
    "token_to_read": "Whether looking takes the token as well.",
    "hosts": "Names by which browsers know it, besides its address, `localhost` and"
    " this host's name; others are refused.",
}

LLM = {
    "mode": "`advise`: asked when a breaker opens, or an operator asks; `act`: the"
    " same, and it [may act](diagnosis.md#let-it-act); `off`: never.",
    "model": "The model's name, as its endpoint knows it.",
    "endpoint": "Where it is asked; with https, or on this host.",
    "timeout": "Within which a call has ended, whatever came of it.",
    "key_file": "Keys, a line each; a file that nobody but the daemon's user can read."
    " See [diagnosis](diagnosis.md#keys).",
    "calls_per_hour": "So many calls in an hour at most.",
    "tokens_per_day": "So many tokens in a day at most, in and out.",
    "price_input": "What a million tokens cost that are sent, in whatever currency you"
    " are billed in.",
    "price_output": "The same of an answer's.",
    "cost_per_day": "No call that may cost more than what is left of this in 24 hours.",
}
HOST = {
    "rules": "When the machine is not well; see [rules](rules.md).",
}
HOOK = {
    "command": "What to run, with the event on its stdin. Written as a program's.",
    "webhook": "Where to send the event, by HTTP. An address that is a secret may be"
    ' in a file: `{ file = "path" }`.',
    "notify": "People to tell, by [apprise](https://appriseit.com/services/)'s URLs:"
    " mail, chats, pagers. A string or a list; a URL that is a secret may be in a file,"
    ' one in a line: `{ file = "path" }`. Needs `selfhealingd[notify]`.',
    "services": "Only of these programs, or groups as `NAME:*`.",
    "level": "Only what is at least as loud.",
    "timeout": "End a command that takes longer; give up one try of a request, or of"
    " one URL of `notify`.",
    "environment": "As a program's, for `command`. For `notify` it is all that there"
    " is: proxies, say.",
    "directory": "As a program's, for `command`.",
    "user": "As a program's, for `command` and `notify`.",
    "headers": "Added to the request. As in an `environment`, a file may have it:"
    ' `{ Authorization = { file = "path" } }`.',
    "secret": "Sign the request with it, as GitHub does: `X-Hub-Signature-256`. Better"
    ' in a file: `{ file = "path" }`.',
    "ca_file": "Trust these authorities (PEM) for `https`, not the system's.",
    "style": 'The whole event, or `{"text": "NAME: words"}` as Slack, Mattermost and'
    " Google Chat take it.",
}
RUNBOOK = COMMAND | {
    "timeout": "End a run that takes longer: it has failed.",
}
TASK = COMMAND | {
    "every": "From one start to the next. **Required.**",
    "timeout": "End a run that takes longer.",
    "jitter": "Up to this share of `every` is added to each wait, by chance.",
}

WRITTEN = {
    "LlmTable.mode": '`"advise"`',
    "WebTable.listen": '`"127.0.0.1:3001"`',
    "certfile": "none: no TLS",
    "keyfile": "none: no TLS",
    "token_file": "none: nothing can be changed",
    "token_to_read": "where other hosts can look",
    "hosts": "none",
    "LlmTable.timeout": "30 s",
    "price_input": "not known",
    "price_output": "not known",
    "cost_per_day": "any",
    "key_file": "`llm.keys` beside the config, if it is there",
    "depends_on": "empty",
    "mode": '`"0660"`',
    "stopsignal": '`"TERM"`',
    "exitcodes": "`[0]`",
    "include": '`["conf.d/*.toml"]`',
    "group": "`selfheal`, if root runs it and the group exists",
    "operators": '`["root", "@wheel"]`',
    "timeout": "as `every`",
    "RunbookTable.timeout": "60 s",
    "ladder": '`["restart"]`',
    "HookTable.command": "none",
    "llm_actions": "none",
    "webhook": "none",
    "notify": "none",
    "services": "all, and what is about none",
    "HookTable.timeout": "10 s",
    "secret": "none",
    "ca_file": "the system's",
    "preventive": '`"advise"`',
    "quiet": "empty",
    "reload": "none",
    "rules": "none",
    "when": "",
    "clear": "as many good samples in a row, or as long",
    "remedy": 'the program\'s ladder; of `restarts` and of the host `"hold"`',
    "startretries": "none: the breaker decides",
    "umask": "the daemon's",
    "directory": "the daemon's",
    "user": "the daemon's",
    "environment": "empty",
    "rlimits": "the daemon's",
    "healing": "as `[healing]`",
    "systemd": "none",
    "pidfile": "none",
    "match": "none",
    "start": "none",
    "stop": "none",
    "restart": "none",
    "WatchTable.exitcodes": "none",
    "stdout_logfile_maxbytes": '`"50MiB"`',
    "stderr_logfile_maxbytes": '`"50MiB"`',
    "stdout_logfile_maxage": "`0`",
    "stderr_logfile_maxage": "`0`",
    "startup": "none",
    "readiness": "none: up for `startsecs`",
    "liveness": "none",
    "command": "",
    "every": "",
    "listen": "",
    "sockets": "none",
    "backlog": "`4096`",
    "SocketTable.group": "that of `user`, or the daemon's",
}


_PROBE = Probe(what=Heartbeat(0))
_CHECK_DEFAULTS = {
    "file": "",
    "folder": "",
    "certificate": "",
    "max_age": "any",
    "min_size": "any",
    "max_size": "any",
    "max_entries": "any",
    "checksum": "any",
    "expires_within": "14 d",
    "every": "1 min; of certificates 1 h",
    "service": "none",
    "remedy": 'the service\'s ladder; of the host `"hold"`',
}
_PROBE_DEFAULTS = {
    **dict.fromkeys(("log", "http", "tcp", "unix", "exec"), "none"),
    **dict.fromkeys(("socket", "body", "send", "expect"), "none"),
    **dict.fromkeys(("heartbeat", "silence"), "none"),
    "headers": "empty",
    "status": '`"200-399"`',
    "ca_file": "the system's, if `verify` is set",
    "server_name": "the URL's or the port's",
    "period": f"{_PROBE.period:g} s",
    "timeout": f"{_PROBE.timeout:g} s",
    "failure_threshold": f"{_PROBE.failure_threshold}, 1 with `log`",
    "success_threshold": f"{_PROBE.success_threshold}",
    "ladder": "its own",
}
DEFAULTS: dict[type[msgspec.Struct], Mapping[str, str]] = {
    schema.StartupTable: _PROBE_DEFAULTS,
    schema.ReadinessTable: _PROBE_DEFAULTS,
    schema.LivenessTable: _PROBE_DEFAULTS,
    schema.CheckTable: _CHECK_DEFAULTS,
}
EXAMPLES = configschema.Examples(FOLDER.parent / "etc" / "selfhealingd.toml")
"""Of each key: what the example has."""


def render(page: str) -> str:
    """Return a page's text with its generated parts as they should be."""
    return _PART.sub(
        lambda part: part[1] + "\n".join(PARTS[part["name"]]()) + "\n" + part[3], page
    )


def pages() -> Iterator[Path]:
    """All pages that may have generated parts."""
    yield from sorted(FOLDER.glob("*.md"))


def _keys(
    kind: type[msgspec.Struct], meanings: dict[str, str]
) -> Callable[[], Iterator[str]]:
    def rows() -> Iterator[str]:
        yield from _table("Key", "Value", "Default", "Example", "Meaning")
        for info in msgspec.structs.fields(kind):
            if info.name in meanings:
                yield _row(
                    f"`{info.name}`",
                    KINDS.get(_alias(info), "table"),
                    _default(kind, info),
                    _example(kind, info.name),
                    meanings[info.name],
                )

    return rows


def _default(kind: type[msgspec.Struct], info: msgspec.structs.FieldInfo) -> str:
    """Say what a key of a table is where nobody writes it."""
    own = WRITTEN.get(f"{kind.__name__}.{info.name}")
    written = DEFAULTS.get(kind, WRITTEN).get(info.name)
    return own or (_shown(info.name, info.default) if written is None else written)


def _example(kind: type[msgspec.Struct], key: str) -> str:
    value = EXAMPLES.of(kind, key)
    return "" if value is None else f"`{configschema.as_toml(value)}`"


def _alias(info: msgspec.structs.FieldInfo) -> str:
    """Name a key's kind of value as the schema's alias for its reader is named."""
    return _ALIASES.get(configschema.reader_of(info), "")


_ALIASES = {
    note: name
    for module in (rules_schema, readers)
    for name, alias in vars(module).items()
    for note in getattr(alias, "__metadata__", ())
    if isinstance(note, Reader | Nested)
}


def _shown(key: str, value: object) -> str:
    if value is None:
        value = _elsewhere(key)
    match value:
        case bool():
            return f"`{str(value).lower()}`"
        case Autorestart() | SocketAs():
            return f'`"{value.value}"`'
        case str() if value.startswith("`"):
            return value
        case str():
            return f'`"{value}"`'
        case float() if key not in _SHARES:
            return f"{value:g} s"
        case _:
            return f"`{value}`"


_SHARES = {
    "jitter",
    "max_concurrent_remedies",
    "max_drill_pressure",
    "systemic_share",
}


def _elsewhere(key: str) -> object:
    """The default of a key that the schema leaves to other modules."""
    healing = Healing()
    for source in (healing, healing.breaker):
        if key in source.__struct_fields__:
            return getattr(source, key)
    if key in Places.__struct_fields__:
        return f"`{getattr(defaults(0, {}), key)}`"
    raise KeyError(key)


def _measures(scope: Scope) -> Iterator[str]:
    yield from _table("Measure", "What it is", "Example")
    for name, kind in MEASURES[scope].items():
        place = " /path" if kind.place else ""
        example = f"`{name}{place} > {kind.example}`"
        if kind.rest:
            example = example.replace(">", "<")
        if kind.limit:
            example += f", `{name} > 80% of limit`"
        if kind.per_core:
            example += f", `{name} > 2 per core`"
        if kind.metric is None:
            example = f"`{name} > {kind.example} in 10min`"
        yield _row(f"`{name}{place}`", MEASURED[scope][name], example)


def _places() -> Iterator[str]:
    root = defaults(0, {})
    user = defaults(1, {"HOME": "~", "XDG_RUNTIME_DIR": "/"})
    shown = {"config": "$XDG_CONFIG_HOME", "flags_file": "$XDG_CONFIG_HOME"}
    shown |= {"runtime_dir": "$XDG_RUNTIME_DIR", "socket": "$XDG_RUNTIME_DIR"}
    yield from _table("What", "As root", "As an ordinary user")
    for key in Places.__struct_fields__:
        place = Path(getattr(user, key))
        tail = str(place)[str(place).index("selfhealingd") :]
        variable = shown.get(key, "$XDG_STATE_HOME")
        yield _row(f"`{key}`", f"`{getattr(root, key)}`", f"`{variable}/{tail}`")


def _daemon() -> Iterator[str]:
    yield from usage.options(command_line())
    yield ""
    yield from usage.epilog(command_line())


def _daemon_statuses() -> Iterator[str]:
    yield from _table("Status", "Meaning")
    for status, meaning in usage.rows(command_line(), "exit status"):
        yield _row(status, meaning)


def _methods() -> Iterator[str]:
    yield from _table("Method", "Access", "Params")
    for name, method in METHODS.items():
        yield _row(f"`{name}`", method.access.value, _params(method.params))


def _params(kind: type[Params]) -> str:
    words = []
    for field in msgspec.structs.fields(kind):
        optional = "" if field.required else " (optional)"
        words.append(f"`{field.encode_name}`: {_type(field.type)}{optional}")
    return ", ".join(words) or "none"


def _type(kind: object) -> str:
    if kind is str:
        return "string"
    if kind is int:
        return "integer"
    if kind is float:
        return "number"
    if kind is bool:
        return "boolean"
    match typing.get_origin(kind):
        case types.UnionType | typing.Union:
            return _type(typing.get_args(kind)[0])  # the other is None
        case typing.Annotated:
            return _type(typing.get_args(kind)[0])
        case typing.Literal:
            return " or ".join(f"`{value}`" for value in typing.get_args(kind))
        case builtins.tuple:
            return "array of strings"
    return "string"


def _events() -> Iterator[str]:
    yield from _table("Event", "`kind`", "What happened")
    for kind, meaning in EVENTS.items():
        yield _row(f"`{kind.replace('.', '-')}`", f"`{kind}`", meaning)


def _metrics() -> Iterator[str]:
    yield "| Metric | Type | Labels | Meaning |"
    yield "| --- | --- | --- | --- |"
    for row in CATALOGUE:
        kind = "counter" if row.counts else "gauge"
        labels = ", ".join(f"`{label}`" for label in row.labels)
        yield f"| `{row.name}` | {kind} | {labels} | {row.help} |"


def _errors() -> Iterator[str]:
    yield from _table("`kind`", "`code`", "Exit status of selfhealctl")
    for kind in Kind:
        status = OF_KIND[kind]
        yield _row(f"`{kind.value}`", str(kind.code), f"{status}: {MEANINGS[status]}")


def _statuses() -> Iterator[str]:
    yield from _table("Status", "Meaning")
    for status, meaning in MEANINGS.items():
        yield _row(str(int(status)), meaning)


def _commands() -> Iterator[str]:
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


def _table(*heads: str) -> Iterator[str]:
    yield _row(*heads)
    yield _row(*("---" for _ in heads))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


SCHEMA = "selfhealingd.schema.json"
COMPLETIONS = {"bash": f"{NAME}.bash", "fish": f"{NAME}.fish", "zsh": f"_{NAME}"}
"""A shell to the name that its file must have to be found."""


def written() -> Iterator[tuple[Path, str]]:
    """Each file that is generated as a whole, and what must be in it."""
    for page in MANUAL:
        text = render((FOLDER / page.source).read_text())
        yield FOLDER / "man" / page.file, manual(page, text, selfhealingd.__version__)
    words = configschema.Words(_alias, _default, EXAMPLES.of, DESCRIBED)
    yield FOLDER.parent / "etc" / SCHEMA, configschema.document(words)
    for shell, file in COMPLETIONS.items():
        yield FOLDER.parent / "etc" / "completions" / file, _completion(shell)


def _completion(shell: str) -> str:
    variable = f"_{NAME.upper()}_COMPLETE"
    if shell == "bash":
        return _BASH.replace("NAME", NAME).replace("VARIABLE", variable)
    script = get_completion_script(prog_name=NAME, complete_var=variable, shell=shell)
    if shell == "zsh":
        # The first TAB loads the file: it must be answered, too.
        script = f'{script.strip()}\n_{NAME}_completion "$@"'
    return script.strip() + "\n"


_BASH = r"""# bash takes a colon for the end of a word; names have one: program:web.
_NAME_completion() {
    local IFS=$'\n' line=${COMP_LINE:0:COMP_POINT} before
    local word=${line##*[[:space:]]}
    COMPREPLY=( $( _TYPER_COMPLETE_ARGS="$line" _TYPER_COMPLETE_FISH_ACTION=get-args \
                   VARIABLE=complete_fish $1 2>/dev/null ) )
    COMPREPLY=( "${COMPREPLY[@]%%$'\t'*}" )
    if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then
        before=${word%"${word##*:}"}
        COMPREPLY=( "${COMPREPLY[@]#"$before"}" )
    fi
    return 0
}

complete -o default -F _NAME_completion NAME
"""
"""Of its own: that of typer loses what stands before a colon."""


PARTS: dict[str, Callable[[], Iterable[str]]] = {
    "daemonoptions": _daemon,
    "daemonstatuses": _daemon_statuses,
    "places": _places,
    "daemon": _keys(schema.DaemonTable, DAEMON),
    "control": _keys(schema.ControlTable, CONTROL),
    "healing": _keys(schema.HealingTable, HEALING | ENGINE),
    "program": _keys(schema.ProgramTable, PROGRAM),
    "readiness": _keys(schema.ReadinessTable, READINESS),
    "liveness": _keys(schema.LivenessTable, LIVENESS),
    "watch": _keys(schema.WatchTable, WATCH),
    "group": _keys(schema.GroupTable, GROUP),
    "socket": _keys(schema.SocketTable, SOCKET),
    "task": _keys(schema.TaskTable, TASK),
    "runbook": _keys(schema.RunbookTable, RUNBOOK),
    "host": _keys(schema.HostTable, HOST),
    "llm": _keys(schema.LlmTable, LLM),
    "web": _keys(schema.WebTable, WEB),
    "check": _keys(schema.CheckTable, CHECK),
    "rule": _keys(HostRuleTable, RULE | HOST_RULE),
    "measures": partial(_measures, Scope.SERVICE),
    "hostmeasures": partial(_measures, Scope.HOST),
    "hook": _keys(schema.HookTable, HOOK),
    "events": _events,
    "metrics": _metrics,
    "eventkinds": eventdocs.kinds,
    "methods": _methods,
    "errors": _errors,
    "statuses": _statuses,
    "commands": _commands,
}
"""Name of a part to its lines."""

DESCRIBED = {
    schema.DaemonTable: DAEMON,
    schema.ControlTable: CONTROL,
    schema.HealingTable: HEALING | ENGINE,
    schema.OwnHealingTable: OWN_HEALING,
    schema.ProgramTable: PROGRAM,
    schema.StartupTable: STARTUP,
    schema.ReadinessTable: READINESS,
    schema.LivenessTable: LIVENESS,
    schema.WatchTable: WATCH,
    schema.GroupTable: GROUP,
    schema.SocketTable: SOCKET,
    schema.TaskTable: TASK,
    schema.RunbookTable: RUNBOOK,
    schema.HostTable: HOST,
    schema.LlmTable: LLM,
    schema.WebTable: WEB,
    schema.CheckTable: CHECK,
    RuleTable: RULE,
    HostRuleTable: RULE | HOST_RULE,
    schema.HookTable: HOOK,
}
"""Every key must be described; the test compares these with the schema."""


if __name__ == "__main__":
    for page in pages():
        page.write_text(render(page.read_text()))
    for file, text in written():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
