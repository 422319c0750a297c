"""What an update would do is said with what becomes of what runs."""

from selfhealingd.config.diff import Changes
from selfhealingd.core.host import Service
from selfhealingd.core.life import Life, Running, Stopped
from selfhealingd.core.policy import Program
from selfhealingd.preview import preview


def service(name: str, life: Life) -> Service:
    return Service(name=name, life=life, wanted=True)


def test_every_change_has_its_words() -> None:
    """Above all what is stopped, and what is not."""
    changes = Changes(
        added=("a", "b"),
        removed=("down", "up"),
        relaunch=("db", "web"),
        adjusted=("x",),
        tasks_added=("t",),
        tasks_removed=("u",),
        tasks_changed=("v",),
        runbooks=("r",),
        hooks=("any",),
        healing_changed=True,
        daemon_keys=("control.socket",),
    )
    wanted = {"a": Program(name="a"), "b": Program(name="b", autostart=False)}
    services = {
        "down": service("down", Stopped(0)),
        "up": service("up", Running(0, 7)),
        "db": service("db", Stopped(0)),
        "web": service("web", Running(0, 8)),
    }
    assert [
        "added: a (starts)",
        "added: b (does not start by itself)",
        "removed: down (it is down; is forgotten)",
        "removed: up (it is RUNNING: is STOPPED)",
        "changed: db (when it starts next)",
        "changed: web (is restarted)",
        "changed: x (nothing is restarted)",
        "task added: t",
        "task removed: u",
        "task changed: v",
        "runbook: r",
        "hook: any",
        "healing",
        "control.socket (waits for a restart of the daemon)",
    ] == list(preview(changes, wanted, services))
    assert [] == list(preview(Changes(), {}, {}))
