"""What is said of each key of the config: its values, meaning and default.

A key is told by its meaning, or by its meaning and what it is where nobody writes it.
Without the latter, that is what the schema has.
"""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from selfhealingd.config import schema
from selfhealingd.config.rules import HostRuleTable, RuleTable
from selfhealingd.core.probe import Heartbeat, Probe

Told: TypeAlias = str | tuple[str, str]
Keys: TypeAlias = dict[str, Told]


def meaning(told: Told) -> str:
    """Return what a key does."""
    return told if isinstance(told, str) else told[0]


def default(told: Told) -> str | None:
    """Return what a key is where nobody writes it, or None: as the schema has it."""
    return None if isinstance(told, str) else told[1]


VALUES = {
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
"""How a value is written, by the alias of its reader in the schema."""

_PROBE = Probe(what=Heartbeat(0))

DAEMON: Keys = {
    "state_dir": "What must survive a restart: `state.toml`, `journal.jsonl`, `lock`.",
    "runtime_dir": "The socket, and what may vanish at a reboot.",
    "log_dir": "Where programs' logs go that name no other folder.",
    "flags_file": "The [flag file](operations.md#feature-flags).",
    "include": (
        "More files with `[program.NAME]` and `[tasks.NAME]`; patterns.",
        '`["conf.d/*.toml"]`',
    ),
    "sample_interval": "How often programs are measured, the first time after so"
    " long. `FEATURE_PROCESS_MONITORING_ENABLED` in the flag file switches it off.",
    "log_level": "The least level of the daemon's own log.",
    "log_format": "The daemon's own log: for people, or one JSON object a line.",
    "orphans": "What becomes of a program that ran on while there was no daemon, and"
    " that the config has no more: it runs on until an `update`, or is stopped.",
    "tasks_caution": "So many background tasks are a warning.",
    "tasks_overload": "So many are an overload; must be above `tasks_caution`.",
}
CONTROL: Keys = {
    "socket": "The control socket; at most 107 bytes long.",
    "mode": ("Its permissions: who may connect may look.", '`"0660"`'),
    "group": ("Its group.", "`selfheal`, if root runs it and the group exists"),
    "operators": (
        "Who may also operate, besides root and the daemon's own user:"
        " users and `@groups`.",
        '`["root", "@wheel"]`',
    ),
}
HEALING: Keys = {
    "backoff_initial": "After n failed healings in a row the next one waits this"
    " times 2ⁿ, plus up to 10 %.",
    "backoff_max": "The longest wait.",
    "verify_secs": "What stays up for so long after a restart is healed.",
    "open_after": "Failed healings in a row that open a breaker.",
    "open_secs": "For how long it opens, plus up to 10 %.",
    "permanent_after": "Failed healings in a row that open a program's breaker for"
    " good.",
    "ladder": (
        "[What is tried](#remedies), the cheapest first, while a program is up"
        " but not well.",
        '`["restart"]`',
    ),
    "preventive": (
        "What is done about a failure that is only predicted: nothing, say"
        " so, or restart before it.",
        '`"advise"`',
    ),
    "quiet": ("When that may be done, in local time; empty: at any time.", "empty"),
}
ENGINE: Keys = {
    "dormant_after": "Failed healings in a row, counted while many programs fail,"
    " after which the engine goes dormant.",
    "systemic_share": "Failures count against the engine while at least this share of"
    " the programs is failing; 0 counts each.",
    "max_concurrent_remedies": "At most this share of the programs (at least one) is"
    " being restarted at a time.",
    "max_remedies_per_hour": "At most so many restarts in any hour.",
    "max_drills_per_hour": "At most so many [drills](rehearse.md#drills) in any hour.",
    "max_drill_pressure": "No drill begins while something waits for CPU or IO for a"
    " larger share of the time.",
}
OWN_HEALING: Keys = HEALING | {
    "llm_actions": (
        "What a [model](diagnosis.md#let-it-act) may do about it by itself,"
        " in mode `act`.",
        "none",
    ),
}
COMMAND: Keys = {
    "command": (
        "What to run. A string is split as a shell would; no shell runs it. A"
        " program without a slash is searched in its `PATH`. **Required.**",
        "",
    ),
    "environment": (
        'Added to the daemon\'s own. `{ file = "path" }` instead of a'
        " string takes a file's content, so that secrets stay out of the config.",
        "empty",
    ),
    "directory": ("The working directory.", "the daemon's"),
    "user": (
        "Whom to run as; only when the daemon runs as root. Sets `HOME`, `USER`,"
        " `LOGNAME`, `SHELL`.",
        "the daemon's",
    ),
}


def _log_keys(stream: str, automatic: str) -> Keys:
    log = f"{stream}_logfile"
    return {
        log: f'Where {stream} goes: `"AUTO"` (`{automatic}`), `"NONE"`, `"JOURNAL"`'
        " (systemd's), `/dev/stdout` or `/dev/stderr` (the daemon's own, each line with"
        " the program's name), or a path. See [output](output.md).",
        f"{log}_maxbytes": (
            "A log is rotated before it grows beyond this; 0: never.",
            '`"50MiB"`',
        ),
        f"{log}_maxage": (
            "It is rotated at the first moment of each period of this length, counted"
            ' from local midnight: `"1d"` is daily. 0: never.',
            "`0`",
        ),
        f"{log}_backups": "So many older logs are kept, as `….1` (the newest) and on.",
        f"{log}_compress": "Gzip all of them but the newest.",
    }


PROGRAM: Keys = COMMAND | {
    "autostart": 'Start it with the daemon; with `"on-connection"` when somebody'
    " connects to one of its `sockets`.",
    "autorestart": "When to start it again after it ended by itself. `true` and"
    " `false` are `always` and `never`.",
    "exitcodes": ("Which exit codes are expected ends.", "`[0]`"),
    "startsecs": "Up for so long: RUNNING. Ended before: a failed start.",
    "startretries": (
        "Give up after so many failed starts in a row, beyond the first.",
        "none: the breaker decides",
    ),
    "stopsignal": ("What asks it to end.", '`"TERM"`'),
    "stopwaitsecs": "How long it then has until SIGKILL.",
    "stopasgroup": "Send `stopsignal` to all of its processes, not to the first alone.",
    "killasgroup": "Send SIGKILL to all of its processes, and clear away what it"
    " leaves.",
    "priority": "Lower starts earlier and stops later.",
    "depends_on": (
        "What has to be how far before it starts: programs or groups, each"
        " `started`, `ready` (RUNNING), `healthy` (no incident) or `completed`.",
        "empty",
    ),
    "essential": "When it ends for good, so does the daemon, with status 1.",
    "drills": "It may be made to fail on purpose, by"
    " [`selfhealctl drill`](rehearse.md#drills).",
    "reload": (
        'What makes it read its own config again: a signal such as `"HUP"`, or'
        " a command, which may take 60 s. What the remedy `reload` does.",
        "none",
    ),
    "umask": ("Its umask.", "the daemon's"),
    "rlimits": (
        "Resource limits, named as in setrlimit(2) without `RLIMIT_`: a"
        ' number, a size, `"unlimited"`, or `[soft, hard]`.',
        "the daemon's",
    ),
    "sockets": ("[Sockets](#socketname) that it is handed.", "none"),
    "socket_as": "How: from descriptor 3 on, as systemd does, or its only one as stdin,"
    " for FastCGI.",
    **_log_keys("stdout", "NAME.log"),
    **_log_keys("stderr", "NAME.err.log"),
    "redirect_stderr": "Send stderr to where stdout goes.",
    "healing": (
        "For this program alone: any of `backoff_initial`, `backoff_max`,"
        " `verify_secs`, `open_after`, `open_secs`, `permanent_after`, `ladder`,"
        " `preventive`, `quiet`; and `llm_actions`: what a model may do about it by"
        " itself, in mode `act`; see [diagnosis](diagnosis.md#let-it-act).",
        "as `[healing]`",
    ),
    "startup": (
        "What it has to show to be RUNNING, where `readiness` is another"
        " matter: see [below](#programnamereadiness).",
        "none",
    ),
    "readiness": (
        "What it has to show to be RUNNING, and to be ready from then on: see"
        " [below](#programnamereadiness).",
        "none: up for `startsecs`",
    ),
    "liveness": (
        "How it is found out whether it is well: see [below](#programnameliveness).",
        "none",
    ),
    "rules": (
        "When it is not well by what is measured of it; see [rules](rules.md).",
        "none",
    ),
}
ASK: Keys = {
    "http": ("It answers a request to this URL as it should.", "none"),
    "socket": ("With `http`: send the request to this Unix socket.", "none"),
    "method": "With `http`: the method.",
    "headers": (
        "With `http`: more headers, or others in place of the usual ones.",
        "empty",
    ),
    "status": (
        "With `http`: which statuses are well, each a number or a range.",
        '`"200-399"`',
    ),
    "body": (
        "With `http`: a regular expression that has to be found in the first"
        " 64 KiB of the body.",
        "none",
    ),
    "tcp": (
        'It listens on this port, such as `"127.0.0.1:8000"`; `":8000"` is on'
        " this host.",
        "none",
    ),
    "unix": ("It listens on this Unix socket.", "none"),
    "exec": (
        "This command, run as the program is (user, environment, directory), exits"
        " with status 0.",
        "none",
    ),
    "tls": "With `tcp`: speak TLS.",
    "verify": "Where TLS is spoken: check the certificate. Otherwise any will do.",
    "ca_file": (
        "Check it by these authorities, not by the system's.",
        "the system's, if `verify` is set",
    ),
    "server_name": (
        "It has to name this host, not the one that is connected to.",
        "the URL's or the port's",
    ),
    "send": ("With `tcp` and `unix`: send this.", "none"),
    "expect": (
        "With `tcp` and `unix`: a regular expression that has to be found in what"
        " comes then.",
        "none",
    ),
    "period": ("From one ask to the next.", f"{_PROBE.period:g} s"),
    "timeout": (
        "How long an answer may take; longer on a host under pressure.",
        f"{_PROBE.timeout:g} s",
    ),
}
STARTUP: Keys = ASK | {
    "notify": "It says `READY=1` itself, by sd_notify(3).",
    "log": (
        "It writes a line to one of its logs in which this regular expression"
        " (Python's) is found.",
        "none",
    ),
    "within": "So long after its start; what takes longer is a failed start.",
}
_IN_A_ROW: Keys = {
    "failure_threshold": (
        "So many failures in a row make a difference.",
        f"{_PROBE.failure_threshold}, 1 with `log`",
    ),
    "success_threshold": (
        "So many successes in a row make it well again.",
        f"{_PROBE.success_threshold}",
    ),
}
READINESS: Keys = STARTUP | _IN_A_ROW
LIVENESS: Keys = (
    ASK
    | {
        "heartbeat": (
            "It sends `WATCHDOG=1` at least so often, by sd_notify(3).",
            "none",
        ),
        "log": (
            "It writes no line to its logs in which this regular expression"
            " (Python's) is found.",
            "none",
        ),
        "silence": ("It writes something to its logs at least so often.", "none"),
    }
    | _IN_A_ROW
    | {"ladder": ("What to try then, in place of its `healing.ladder`.", "its own")}
)
WATCH: Keys = {
    "systemd": (
        "Its main process is that of this unit; systemd starts and stops it.",
        "none",
    ),
    "pidfile": ("Its number stands in this file.", "none"),
    "match": (
        "It is found in the command lines of all processes by this regular"
        " expression (Python's); of several, the one that began first.",
        "none",
    ),
    "start": (
        "The command that starts it; without one, `restart` does. With `systemd`:"
        " that unit's start.",
        "none",
    ),
    "stop": (
        "The command that stops it. Default: `stopsignal`; with `systemd`: that"
        " unit's stop.",
        "none",
    ),
    "restart": (
        "The command that does both. Default: one after the other; with"
        " `systemd`: that unit's restart.",
        "none",
    ),
    "drills": "As for a program.",
    "reload": (
        "What makes it read its own config again: a signal or a command. With"
        " `systemd`: that unit's reload.",
        "none",
    ),
    "environment": ("Of these commands: as for a program.", "empty"),
    "directory": ("The working directory of these commands.", "the daemon's"),
    "user": (
        "Whom these commands run as; only when the daemon runs as root.",
        "the daemon's",
    ),
    "autostart": "It should be up, so it is an incident if it is missing when the"
    " daemon begins to look. Otherwise only from when it is seen up.",
    "exitcodes": (
        "Which exit codes are expected ends, after which it is left down.",
        "none",
    ),
    "startsecs": "Up for so long: RUNNING. Missing for so long when the daemon begins:"
    " an incident.",
    "startwaitsecs": "How long a start may take until its process is there.",
    "startretries": (
        "Give up after so many failed starts in a row, beyond the first.",
        "none: the breaker decides",
    ),
    "stopsignal": ("What asks it to end, where no command does.", '`"TERM"`'),
    "stopwaitsecs": "How long it then has until SIGKILL.",
    "priority": "In which order watches and programs are looked for and started.",
    "depends_on": ("As for a program.", "empty"),
    "healing": ("As for a program.", "as `[healing]`"),
    "rules": ("As for a program.", "none"),
    "liveness": (
        "As for a program, but for what only it can show: see"
        " [below](#programnameliveness).",
        "none",
    ),
}
GROUP: Keys = {
    "programs": "Programs that are named together.",
}
SOCKET: Keys = {
    "listen": (
        'An IP address with a port, or a path: `"127.0.0.1:8000"`,'
        ' `"[::1]:8000"`, `"[::]:80"` (every address, of IPv4 too),'
        ' `"unix:/run/x.sock"`. **Required.**',
        "",
    ),
    "type": "TCP or UDP; a unix socket may be either, too.",
    "backlog": (
        "So many connections may wait to be accepted; the sysctl"
        " `net.core.somaxconn` is the most.",
        "`4096`",
    ),
    "mode": ("Of a unix socket: who may connect.", '`"0660"`'),
    "user": ("Of a unix socket: its owner.", "the daemon's"),
    "group": ("Of a unix socket: its group.", "that of `user`, or the daemon's"),
    "reuse_port": "Of a port: others may listen there as well (`SO_REUSEPORT`).",
}
RULE: Keys = {
    "when": (
        "What is measured, from where on it is too much, and for how long."
        " **Required.**",
        "",
    ),
    "clear": (
        "What ends it, about the same measure.",
        "as many good samples in a row, or as long",
    ),
    "remedy": (
        "What is tried, as a [ladder](config.md#remedies).",
        'the program\'s ladder; of `restarts` and of the host `"hold"`',
    ),
}
HOST_RULE: Keys = {
    "level": "How it is told in status: `WARNING` or `CRITICAL`.",
}
CHECK: Keys = {
    "file": ("A file's path.", ""),
    "folder": ("A folder's path.", ""),
    "certificate": (
        "The path of a certificate (PEM or DER; of several the first to"
        " expire counts), or a TLS server's host and port.",
        "",
    ),
    "exists": "Whether it has to be there, or must not be.",
    "max_age": (
        "So long ago at most it was last written to; a folder: something in it"
        " came or went.",
        "any",
    ),
    "min_size": ("A file has at least so many bytes.", "any"),
    "max_size": ("A file has at most so many bytes.", "any"),
    "max_entries": ("So many are directly in a folder at most.", "any"),
    "checksum": ('A file\'s content: `"unchanged"`, or `"sha256:…"`.', "any"),
    "expires_within": (
        "A certificate that expires so soon is too old already.",
        "14 d",
    ),
    "every": ("From one look to the next.", "1 min; of certificates 1 h"),
    "service": ("The program or watch that it concerns. None: the host.", "none"),
    "remedy": (
        "What is tried, as for [rules](rules.md).",
        'the service\'s ladder; of the host `"hold"`',
    ),
    "level": "Of the host: how it is told in status, `WARNING` or `CRITICAL`.",
}
WEB: Keys = {
    "listen": (
        "Where it is served: an address, which names no host, and a port.",
        '`"127.0.0.1:3001"`',
    ),
    "certfile": (
        "The certificate, with all between it and its root, for TLS.",
        "none: no TLS",
    ),
    "keyfile": ("Its key, without a password.", "none: no TLS"),
    "insecure": "May be reached from other hosts without TLS, so that whoever is on the"
    " way reads along, the token too; or be read there without the token.",
    "token_file": (
        "What whoever changes something has to know, at least 32 characters,"
        " in a file that nobody but the daemon's user can read. See"
        " [the token](web.md#the-token).",
        "none: nothing can be changed",
    ),
    "token_to_read": (
        "Whether looking takes the token as well.",
        "where other hosts can look",
    ),
    "hosts": (
        "Names by which browsers know it, besides its address, `localhost` and"
        " this host's name; others are refused.",
        "none",
    ),
}

LLM: Keys = {
    "mode": (
        "`advise`: asked when a breaker opens, or an operator asks; `act`: the"
        " same, and it [may act](diagnosis.md#let-it-act); `off`: never.",
        '`"advise"`',
    ),
    "model": "The model's name, as its endpoint knows it.",
    "endpoint": "Where it is asked; with https, or on this host.",
    "timeout": ("Within which a call has ended, whatever came of it.", "30 s"),
    "key_file": (
        "Keys, a line each; a file that nobody but the daemon's user can read."
        " See [diagnosis](diagnosis.md#keys).",
        "`llm.keys` beside the config, if it is there",
    ),
    "calls_per_hour": "So many calls in an hour at most.",
    "tokens_per_day": "So many tokens in a day at most, in and out.",
    "price_input": (
        "What a million tokens cost that are sent, in whatever currency you"
        " are billed in.",
        "not known",
    ),
    "price_output": ("The same of an answer's.", "not known"),
    "cost_per_day": (
        "No call that may cost more than what is left of this in 24 hours.",
        "any",
    ),
}
HOST: Keys = {
    "rules": ("When the machine is not well; see [rules](rules.md).", "none"),
}
HOOK: Keys = {
    "command": (
        "What to run, with the event on its stdin. Written as a program's.",
        "none",
    ),
    "webhook": (
        "Where to send the event, by HTTP. An address that is a secret may be"
        ' in a file: `{ file = "path" }`.',
        "none",
    ),
    "notify": (
        "People to tell, by [apprise](https://appriseit.com/services/)'s URLs:"
        " mail, chats, pagers. A string or a list; a URL that is a secret may be in a"
        ' file, one in a line: `{ file = "path" }`. Needs `selfhealingd[notify]`.',
        "none",
    ),
    "services": (
        "Only of these programs, or groups as `NAME:*`.",
        "all, and what is about none",
    ),
    "level": "Only what is at least as loud.",
    "timeout": (
        "End a command that takes longer; give up one try of a request, or of"
        " one URL of `notify`.",
        "10 s",
    ),
    "environment": (
        "As a program's, for `command`. For `notify` it is all that there"
        " is: proxies, say.",
        "empty",
    ),
    "directory": ("As a program's, for `command`.", "the daemon's"),
    "user": ("As a program's, for `command` and `notify`.", "the daemon's"),
    "headers": "Added to the request. As in an `environment`, a file may have it:"
    ' `{ Authorization = { file = "path" } }`.',
    "secret": (
        "Sign the request with it, as GitHub does: `X-Hub-Signature-256`. Better"
        ' in a file: `{ file = "path" }`.',
        "none",
    ),
    "ca_file": (
        "Trust these authorities (PEM) for `https`, not the system's.",
        "the system's",
    ),
    "style": 'The whole event, or `{"text": "NAME: words"}` as Slack, Mattermost and'
    " Google Chat take it.",
}
RUNBOOK: Keys = COMMAND | {
    "timeout": ("End a run that takes longer: it has failed.", "60 s"),
}
TASK: Keys = COMMAND | {
    "every": ("From one start to the next. **Required.**", ""),
    "timeout": ("End a run that takes longer.", "as `every`"),
    "jitter": "Up to this share of `every` is added to each wait, by chance.",
}

DESCRIBED: Mapping[type[msgspec.Struct], Keys] = {
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
"""All keys of each table; a test compares these with the schema."""
