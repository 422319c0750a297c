"""What to do instead of what supervisord has and selfhealingd hasn't: words alone."""

_NO_EVENTS = "no event listeners here; read: selfhealctl events --follow --json"
_LOGGED = "selfhealingd logs to its stdout: let systemd, a container or a pipe keep it"
_NO_PASSWORDS = (
    "nobody has a password here: the kernel tells who connects; name operators in"
    " [control] operators. The value is left out"
)
_SYSLOG = (
    "a stream goes to one place only: the one that syslog reads is stdout_logfile ="
    ' "JOURNAL" (systemd\'s journal), likewise stderr_logfile'
)
JOURNAL = "was syslog: systemd's journal, which syslog reads; without one, name a file"

PROGRAM = {
    "stdout_capture_maxbytes": _NO_EVENTS,
    "stderr_capture_maxbytes": _NO_EVENTS,
    "stdout_events_enabled": _NO_EVENTS,
    "stderr_events_enabled": _NO_EVENTS,
    "stdout_syslog": _SYSLOG,
    "stderr_syslog": _SYSLOG,
    "serverurl": (
        "no SUPERVISOR_SERVER_URL here; a program that steers its supervisor runs"
        " selfhealctl"
    ),
}
"""Options of [program:x] that have no key, and what to do instead."""

IDLE = {
    "stdout_capture_maxbytes": ("0",),
    "stderr_capture_maxbytes": ("0",),
    "stdout_events_enabled": ("false", "no", "off", "0"),
    "stderr_events_enabled": ("false", "no", "off", "0"),
    "stdout_syslog": ("false", "no", "off", "0"),
    "stderr_syslog": ("false", "no", "off", "0"),
    "serverurl": ("auto",),
}
"""The values with which these do nothing."""

DAEMON = {
    "logfile": _LOGGED,
    "logfile_maxbytes": _LOGGED,
    "logfile_backups": _LOGGED,
    "pidfile": (
        "no pidfile here: a lock in state_dir keeps a second daemon out, and"
        " selfhealctl status | jq .pid knows the number"
    ),
    "nodaemon": (
        "always in the foreground; systemd, an init script or the container puts it in"
        " the background"
    ),
    "silent": "send its stdout to /dev/null instead",
    "minfds": (
        "raise the limit for the daemon (LimitNOFILE= in its unit, ulimit -n), or for a"
        " program: rlimits = { nofile = 4096 }"
    ),
    "minprocs": (
        "raise the limit for the daemon (LimitNPROC= in its unit, ulimit -u), or for a"
        " program: rlimits = { nproc = 400 }"
    ),
    "nocleanup": "logs are never deleted at a start here",
    "strip_ansi": "escape codes stay in the logs; tell the program not to colour",
    "user": "start selfhealingd itself as that user (User= in its unit), or as root",
    "identifier": "only needed for logs named AUTO; here those are named by program",
    "profile_options": "profile with a tool of Python's instead",
}
"""Options of [supervisord] that have no key, and what to do instead."""

SERVER = {
    "file": (
        "another protocol is spoken on another socket: what speaks XML-RPC cannot come"
        " along, and with its own path both daemons can run side by side"
    ),
    "username": _NO_PASSWORDS,
    "password": _NO_PASSWORDS,
}
"""Options of [unix_http_server] that have no key, and what to do instead."""

INET_SERVER = (
    "selfhealingd listens to no network: from elsewhere use ssh HOST selfhealctl …,"
    " or forward the socket with ssh -L"
)
CTL = {
    "serverurl": (
        "selfhealctl finds the socket by itself; another one: --socket or"
        " $SELFHEALCTL_SOCKET"
    ),
    "username": _NO_PASSWORDS,
    "password": _NO_PASSWORDS,
    "prompt": (
        "selfhealctl has no prompt: the shell is it, and completes its commands with"
        " selfhealctl --install-completion"
    ),
    "history_file": "selfhealctl has no prompt: the shell keeps the history",
}
"""Options of [supervisorctl], and what to do instead."""

RPC = "no plugins in the daemon; selfhealctl --json gives scripts what they need"
STANDARD_RPC = "supervisor.rpcinterface:make_main_rpcinterface"
STANDARD_RPC_ADVICE = "nothing to do: selfhealctl always works"
CTL_PLUGIN = "no plugins in selfhealctl; write a script around it"

LISTENER = (
    "an event listener speaks supervisord's protocol on its stdin, which nobody does"
    " here. Who wants to know: selfhealctl events --follow --json. Who restarts what"
    " fails: that is what selfhealingd does. Who ends the container when a program ends"
    " for good: essential = true in that program"
)
UNKNOWN = "supervisord doesn't know this option, and ignores it"

NOT_HERE = "{what} is not set in this environment; set it for the daemon"

_DIFFERENCES = (
    "A comment stands where supervisord has what selfhealingd has not. What differs"
    " without a comment: a stop and a kill reach the whole process group unless"
    " stopasgroup = false is written (supervisord's default was the program alone);"
    " without startretries the circuit breaker decides when to give up; user also sets"
    " HOME, USER, LOGNAME and SHELL. See docs/from-supervisord.md."
)
CHECK = "Check it: selfhealingd --config THIS_FILE --check"
HEADER = (CHECK, _DIFFERENCES)
