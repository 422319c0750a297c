"""What a reload has to do about each change."""

from collections.abc import Callable

import pytest

from selfhealingd.config import Changes, Config, compare

Load = Callable[..., Config]
BASE = """
[daemon]
[control]
[healing]
[program.a]
command = "a"
[program.b]
command = "b"
[tasks.t]
command = "t"
every = 60
"""


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("", "", Changes()),
        ("[tasks.t]", '[program.c]\ncommand="c"\n[tasks.t]', Changes(added=("c",))),
        ("[program.b]", "[program.x]", Changes(added=("x",), removed=("b",))),
        ('"a"', '"a -v"', Changes(relaunch=("a",))),
        ('"a"', '"a"\numask = "022"\npriority = 1', Changes(relaunch=("a",))),
        ('"b"', '"b"\nstartsecs = 5', Changes(adjusted=("b",))),
        ('"b"', '"b"\nreadiness.notify = true', Changes(relaunch=("b",))),
        ('"b"', '"b"\nhealing = { verify_secs = 1 }', Changes(adjusted=("b",))),
        ("[healing]", "[healing]\nverify_secs = 3", Changes(adjusted=("a", "b"))),
        ("[healing]", "[healing]\nsystemic_share = 0", Changes(healing_changed=True)),
        ("[healing]", "[healing]\ndormant_after = 5", Changes(healing_changed=True)),
        ('"b"', '"b"\nreload = "HUP"', Changes(adjusted=("b",))),
        ('"b"', '"b"\nrules = ["fds > 5"]', Changes(adjusted=("b",))),
        ("[healing]", '[host]\nrules = ["load > 5"]', Changes(host_changed=True)),
        ("[healing]", '[on.any]\ncommand = "r"', Changes(hooks=("any",))),
        ("[healing]", '[check.c]\nfile = "/x"', Changes(checks=("c",))),
        ("[healing]", '[runbook.r]\ncommand = "r"', Changes(runbooks=("r",))),
        ("every = 60", "every = 61", Changes(tasks_changed=("t",))),
        ("tasks.t", "tasks.u", Changes(tasks_added=("u",), tasks_removed=("t",))),
        (
            "[daemon]",
            '[daemon]\nstate_dir = "/x"\nlog_level = "debug"',
            Changes(daemon_keys=("daemon.log_level", "daemon.state_dir")),
        ),
        (
            "[control]",
            '[control]\noperators = ["65534", "@0"]',
            Changes(daemon_keys=("control.operators",)),
        ),
        ("[daemon]", "[daemon]\ninclude = []\ntasks_caution = 5", Changes()),
    ],
)
def test_compare(load: Load, old: str, new: str, changes: Changes) -> None:
    """Each kind of change appears once, where it is acted upon."""
    before = load(BASE)
    after = load(BASE.replace(old, new, 1) if old else BASE)
    assert changes == compare(before, after)
    assert bool(changes) is (changes != Changes())


def test_compare_is_symmetric_in_names(load: Load) -> None:
    """What is added one way is removed the other way."""
    small, big = load("#"), load(BASE)
    there, back = compare(small, big), compare(big, small)
    assert ("a", "b") == there.added == back.removed
    assert ("t",) == there.tasks_added == back.tasks_removed
