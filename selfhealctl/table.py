"""Which commands there are: in which panel, in which module, with which examples.

None of their modules is imported before its command is typed, so that each costs its
own start alone.
"""

from typing import NamedTuple

HOW, WHAT = "How is it?", "What happened?"
PROGRAMS, HEALING = "Act on programs", "Healing"
TASKS, DAEMON = "Background tasks", "Daemon and config"


class Row(NamedTuple):
    """One command. ``module``: of ``selfhealctl.commands``, where it is a function."""

    panel: str
    module: str
    name: str
    examples: tuple[str, ...]

    @property
    def function(self) -> str:
        """The name of its function."""
        return self.name.replace("-", "_")


COMMANDS = (
    Row(
        HOW,
        "look",
        "status",
        ("selfhealctl status", "selfhealctl status web", "selfhealctl status | jq ."),
    ),
    Row(HOW, "top", "top", ("selfhealctl top",)),
    Row(HOW, "look", "health", ("selfhealctl health", "selfhealctl health || alert")),
    Row(
        HOW,
        "look",
        "explain",
        ("selfhealctl explain web", "selfhealctl explain web | jq .program.next"),
    ),
    Row(
        HOW,
        "look",
        "forecast",
        ("selfhealctl forecast", "selfhealctl forecast web | jq '.[].left'"),
    ),
    Row(
        WHAT,
        "incidents",
        "incidents",
        (
            "selfhealctl incidents",
            "selfhealctl incidents web --since 2h",
            "selfhealctl incidents -n 100 --json",
        ),
    ),
    Row(WHAT, "incidents", "show", ("selfhealctl show web-12", "selfhealctl show web")),
    Row(
        WHAT,
        "incidents",
        "evidence",
        ("selfhealctl evidence web-12", "selfhealctl evidence web | jq .tree"),
    ),
    Row(
        WHAT,
        "events",
        "events",
        (
            "selfhealctl events -n 50",
            "selfhealctl events web 'worker:*'",
            "selfhealctl events --follow | jq .words",
        ),
    ),
    Row(
        WHAT,
        "logs",
        "tail",
        ("selfhealctl tail web", "selfhealctl tail -f -n 100 web stderr"),
    ),
    Row(
        WHAT,
        "logs",
        "logs",
        ("selfhealctl logs -f", "selfhealctl logs -n 5 'worker:*' web"),
    ),
    Row(
        PROGRAMS,
        "programs",
        "start",
        ("selfhealctl start web", "selfhealctl start all --no-wait"),
    ),
    Row(
        PROGRAMS,
        "programs",
        "stop",
        ('selfhealctl stop web worker --reason "moving the database"',),
    ),
    Row(
        PROGRAMS,
        "programs",
        "restart",
        (
            "selfhealctl restart web",
            "selfhealctl restart --rolling --max-unavailable 2 'worker:*'",
        ),
    ),
    Row(PROGRAMS, "programs", "signal", ("selfhealctl signal HUP web",)),
    Row(
        PROGRAMS,
        "programs",
        "run",
        ('selfhealctl run clear-cache web --reason "disk is full"',),
    ),
    Row(
        PROGRAMS,
        "programs",
        "pid",
        ("selfhealctl pid web", 'strace -p "$(selfhealctl pid web)"'),
    ),
    Row(
        PROGRAMS,
        "logs",
        "clear",
        ("selfhealctl clear web", "selfhealctl clear all --yes"),
    ),
    Row(
        HEALING,
        "look",
        "breakers",
        ("selfhealctl breakers", "selfhealctl breakers --all"),
    ),
    Row(
        HEALING,
        "engine",
        "reset",
        (
            'selfhealctl reset program:web --reason "disk replaced"',
            'selfhealctl reset program:api --force --reason "bug fixed in 2.1"',
        ),
    ),
    Row(HEALING, "engine", "resume", ('selfhealctl resume --reason "disk replaced"',)),
    Row(
        HEALING,
        "llm",
        "llm",
        (
            "selfhealctl llm",
            "selfhealctl llm preview web",
            "selfhealctl llm diagnose web-12",
            'selfhealctl llm approve a3 --reason "the tmp folder is full indeed"',
        ),
    ),
    Row(HEALING, "look", "runbooks", ("selfhealctl runbooks",)),
    Row(HEALING, "look", "flags", ("selfhealctl flags",)),
    Row(
        HEALING,
        "hooks",
        "hooks",
        ("selfhealctl hooks", "selfhealctl hooks test any"),
    ),
    Row(
        HEALING,
        "drill",
        "drill",
        (
            "selfhealctl drill kill web",
            "selfhealctl drill hang web",
            "selfhealctl drill leak web",
            "selfhealctl drill crashloop web --yes",
        ),
    ),
    Row(
        HEALING,
        "replay",
        "replay",
        (
            "selfhealctl replay --since 1d",
            "selfhealctl replay --with new.toml --since 2026-11-24T14:00",
        ),
    ),
    Row(
        TASKS,
        "look",
        "tasks",
        ("selfhealctl tasks", "selfhealctl tasks | jq .totalTasks"),
    ),
    Row(TASKS, "engine", "pause-all", ("selfhealctl pause-all",)),
    Row(TASKS, "engine", "resume-all", ("selfhealctl resume-all",)),
    Row(TASKS, "engine", "unregister", ("selfhealctl unregister prune",)),
    Row(TASKS, "engine", "cleanup", ("selfhealctl cleanup",)),
    Row(DAEMON, "daemon", "reload", ("selfhealctl reload",)),
    Row(DAEMON, "daemon", "reread", ("selfhealctl reread", "selfhealctl reread web")),
    Row(
        DAEMON,
        "daemon",
        "update",
        (
            "selfhealctl update --dry-run",
            "selfhealctl update",
            "selfhealctl update web 'worker:*'",
        ),
    ),
    Row(DAEMON, "daemon", "add", ("selfhealctl add web",)),
    Row(
        DAEMON, "daemon", "remove", ("selfhealctl stop web && selfhealctl remove web",)
    ),
    Row(DAEMON, "upgrade", "upgrade", ("selfhealctl upgrade",)),
    Row(DAEMON, "daemon", "shutdown", ("selfhealctl shutdown --yes",)),
    Row(
        DAEMON,
        "doctor",
        "doctor",
        ("selfhealctl doctor", "selfhealctl doctor --json | jq '.[0]'"),
    ),
    Row(DAEMON, "daemon", "version", ("selfhealctl version", "selfhealctl --version")),
)
