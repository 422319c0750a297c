"""Which kinds of events there are, for those who want to be told of some of them."""

KINDS: dict[str, str] = {
    "service.transition": "a program's state has another name now",
    "service.readiness": "a program that is up is ready, or not ready any more",
    "service.called": "a client connected, so a program is started",
    "service.killed": "a program has not ended in time: SIGKILL",
    "essential.ended": "an essential program ended for good: the daemon shuts down",
    "incident.opened": "something went wrong with a program",
    "incident.ended": "that is over: healed, given up, or left to the operator",
    "incident.diagnosed": "a model has said what probably went wrong",
    "attempt.began": "a remedy is tried",
    "attempt.ended": "its result is known",
    "breaker.changed": "a breaker has another state now; the engine's is among them",
    "model.advised": "what a model advises about an incident, and what becomes of it",
    "model.demoted": "what a model proposed did not help twice: it only advises now",
    "problem.found": (
        "something is wrong with the host, a limit will be reached, or a daemon's end"
        " left work undone"
    ),
    "problem.over": "it is not any more",
    "operator.acted": "somebody did something by `selfhealctl`",
    "flags.changed": "the feature flags in force changed",
}
"""Each kind, as ``EventDocument.kind`` has it, with what it tells of."""

LEVELS = ("debug", "info", "warning", "error")
"""How loud an event may be, the quietest first."""
