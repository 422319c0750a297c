"""What a method does, in words that follow "cannot": for people who read errors."""

_WORDS = {
    "status": "show the status",
    "pid": "show process ids",
    "breakers": "show breakers",
    "tasks": "show tasks",
    "flags": "show flags",
    "incidents": "show incidents",
    "forecast": "look ahead",
    "incident": "show the incident",
    "evidence": "show evidence",
    "llm": "show what the model does",
    "llm-preview": "show what a model would be sent",
    "llm-report": "show the model's report",
    "llm-diagnose": "have it diagnosed",
    "llm-approve": "approve it",
    "llm-trust": "let a model act again",
    "doctor": "examine the host",
    "samples": "show samples",
    "history": "show the history",
    "runbooks": "show runbooks",
    "hooks": "show hooks",
    "hook-test": "test the hook",
    "run": "run the runbook",
    "subscribe": "follow events",
    "version": "show the version",
    "tail": "show logs",
    "clear": "clear logs",
    "signal": "send a signal",
    "drill": "begin the drill",
    "pause-all": "pause all tasks",
    "resume-all": "resume all tasks",
    "cleanup": "clean up",
    "reread": "compare the config",
    "shutdown": "shut down",
}
"""Methods whose name is no verb, or says too little. All others are one."""


def doing(method: str) -> str:
    """Return what it does, such as "show incidents" or "restart"."""
    return _WORDS.get(method, method)
