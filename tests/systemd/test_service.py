"""The unit under a real systemd: start, reload, crash, hang, stop, reboot."""

import pytest
from systemd_unit import CONFIG, FLAGS, Unit

pytestmark = pytest.mark.process

STAYS = "exec sleep 1000"
DEAF = 'trap "" TERM; while :; do sleep 0.2; done'


def test_a_start_is_over_once_it_answers(unit: Unit) -> None:
    """READY=1 comes from the daemon; its line tells how the programs are."""
    unit.configure({"web": STAYS, "db": STAYS})
    unit.systemctl("start")
    assert 2 == len(unit.programs())
    unit.until(lambda: unit.show("StatusText") == "2 programs: 2 RUNNING")


def test_each_program_has_its_cgroup(unit: Unit) -> None:
    """Delegate=yes gives the daemon a tree to divide."""
    unit.configure({"web": STAYS})
    unit.systemctl("start")
    pid = unit.running("web")["web"]
    cgroup = unit.machine.run("cat", f"/proc/{pid}/cgroup")
    assert "/system.slice/selfhealingd.service/selfhealingd-" in cgroup
    assert f"/web.{pid}." in cgroup


def test_a_hopeless_program_is_named_in_the_status(unit: Unit) -> None:
    """Who types ``systemctl status`` sees what isn't well."""
    healing = {"backoff_initial": 0.05, "backoff_max": 0.1, "permanent_after": 2}
    unit.configure(
        {"web": STAYS, "bad": "exit 1"},
        healing={**healing, "open_after": 1, "open_secs": 0.1, "dormant_after": 100},
    )
    unit.systemctl("start")
    wanted = "2 programs: 1 RUNNING, 1 FATAL (bad)"
    unit.until(lambda: unit.show("StatusText").startswith(wanted))


def test_a_reload_switches_automation_off(unit: Unit) -> None:
    """``systemctl reload`` takes a changed flag file, and disturbs nothing."""
    unit.configure({"web": STAYS})
    unit.systemctl("start")
    before = unit.running("web")
    unit.machine.write(FLAGS, "FEATURE_AUTO_HEALING_ENABLED=false\n")
    unit.systemctl("reload")
    unit.until(lambda: "healing is switched off" in unit.show("StatusText"))
    assert unit.status()["flags"]["values"]["FEATURE_AUTO_HEALING_ENABLED"] is False
    assert before == unit.running("web")
    assert "active" == unit.show("ActiveState")


def test_a_reload_of_a_broken_config_fails_and_changes_nothing(unit: Unit) -> None:
    """The operator hears of it at once; flags are taken all the same."""
    unit.configure({"web": STAYS})
    unit.systemctl("start")
    before = unit.running("web")
    unit.machine.write(CONFIG, '[program.web]\ncomand = "x"\n')
    unit.machine.write(FLAGS, "FEATURE_AUTO_HEALING_ENABLED=false\n")
    said = unit.systemctl("reload", ok=False)
    assert "Job for selfhealingd.service failed" in said
    assert "program.web.comand" in unit.systemctl("status", "--full", ok=False)
    unit.until(lambda: "problem" in unit.show("StatusText"))
    assert "healing is switched off" in unit.show("StatusText")
    assert before == unit.running("web")
    assert "running" == unit.show("SubState")


def test_a_broken_config_fails_the_start_with_all_reasons(unit: Unit) -> None:
    """And it is not tried again and again."""
    unit.machine.write(CONFIG, '[program.web]\ncomand = "x"\nstartsecs = "soon"\n')
    unit.systemctl("start", ok=False)
    said = unit.systemctl("status", "--full", ok=False)
    assert "program.web.comand" in said
    assert "program.web.startsecs" in said
    assert ("failed", "0") == (unit.show("ActiveState"), unit.show("NRestarts"))
    assert "2" == unit.show("ExecMainStatus")


def test_many_reasons_are_told_as_far_as_there_is_room(unit: Unit) -> None:
    """The last lines of the log are not all: the first one, and what shows them."""
    unit.configure({"web": STAYS})
    unit.systemctl("start")
    unit.running("web")
    mistakes = "".join(f"x{n} = {n}\n" for n in range(30))
    unit.machine.write(CONFIG, f"[program.web]\n{mistakes}")
    unit.systemctl("kill", "--kill-who=main", "--signal=KILL")
    unit.until(lambda: unit.show("ActiveState") == "failed")
    said = unit.show("StatusText")
    assert said.startswith(f"{CONFIG}: program.web.")
    assert said.endswith("more: selfhealingd --check)")
    assert said in unit.systemctl("status", "--full", ok=False)
    assert "program.web.x29" in unit.log("--priority=err")


def test_a_reload_of_a_broken_flag_file_fails(unit: Unit) -> None:
    """Who stops automation in an emergency hears that it was not."""
    unit.configure({"web": STAYS})
    unit.systemctl("start")
    unit.machine.write(FLAGS, "FEATURE_AUTO_HEALING_ENABLED=fals\n")
    said = unit.systemctl("reload", ok=False)
    assert "Job for selfhealingd.service failed" in said
    assert "FEATURE_AUTO_HEALING_ENABLED" in unit.systemctl("status", ok=False)
    assert "running" == unit.show("SubState")


def test_a_newer_state_is_not_tried_again_and_again(unit: Unit) -> None:
    """It is for a person, who sees why."""
    unit.configure({"web": STAYS})
    unit.machine.write("/var/lib/selfhealingd/state.toml", "version = 999\n")
    unit.systemctl("start", ok=False)
    assert ("failed", "0") == (unit.show("ActiveState"), unit.show("NRestarts"))
    assert "4" == unit.show("ExecMainStatus")
    assert "start the newer daemon" in unit.show("StatusText")


def test_a_stop_leaves_nothing(unit: Unit) -> None:
    """Not the deaf, nor grandchildren, nor those who went into another session."""
    tree = "sleep 1000 & setsid sleep 1000 & (sleep 1000 &) ; wait"
    unit.configure({"deaf": DEAF, "tree": tree})
    unit.systemctl("start")
    unit.running("deaf", "tree")
    unit.systemctl("stop")
    assert [] == unit.pids()
    assert "success" == unit.show("Result")


def test_a_stop_asks_for_the_time_that_it_takes(unit: Unit) -> None:
    """A slow program gets its stopwaitsecs, although the unit has a shorter limit."""
    unit.install(TimeoutStopSec="2s")
    unit.configure({"slow": 'trap "sleep 5; exit 0" TERM; while :; do sleep 0.1; done'})
    text = unit.machine.path(CONFIG).read_text()
    unit.machine.write(CONFIG, text.replace("stopwaitsecs = 5", "stopwaitsecs = 60"))
    unit.systemctl("start")
    unit.running("slow")
    unit.systemctl("stop")
    assert "success" == unit.show("Result")


def test_a_stop_of_a_daemon_that_hangs_leaves_nothing(unit: Unit) -> None:
    """Its limit over, the daemon is killed by systemd; then the programs go, too."""
    unit.install(TimeoutStopSec="1s", WatchdogSec="0")
    unit.configure({"web": STAYS, "deaf": DEAF})
    unit.systemctl("start")
    unit.running("web", "deaf")
    unit.freeze()
    unit.systemctl("stop", ok=False)
    assert [] == unit.pids()
    assert "timeout" == unit.show("Result")


def test_a_stop_during_which_the_daemon_dies_leaves_nothing(unit: Unit) -> None:
    """It is no crash after which programs run on: their end was asked for."""
    unit.configure({"first": DEAF, "last": STAYS})
    text = unit.machine.path(CONFIG).read_text()
    unit.machine.write(
        CONFIG, text.replace("[program.first]", "[program.first]\npriority = 2")
    )
    unit.systemctl("start")
    unit.running("first", "last")
    unit.systemctl("stop", "--no-block")
    unit.until(lambda: unit.programs()["first"]["state"] == "STOPPING")
    unit.systemctl("kill", "--kill-who=main", "--signal=KILL")
    unit.systemctl("stop", ok=False)
    assert [] == unit.pids()


@pytest.mark.parametrize("why", ["no config", "no state"])
def test_a_stop_without_a_daemon_leaves_nothing(unit: Unit, why: str) -> None:
    """While none can start; whether that is tried again and again, or not."""
    unit.configure({"web": STAYS, "deaf": DEAF})
    unit.systemctl("start")
    before = unit.running("web", "deaf")
    if why == "no config":
        unit.machine.write(CONFIG, "nonsense\n")
    else:
        unit.machine.run("mv", "/var/lib/selfhealingd", "/var/lib/moved")
        unit.machine.write("/var/lib/selfhealingd", "in the way")
    unit.systemctl("kill", "--kill-who=main", "--signal=KILL")
    unit.until(
        lambda: (
            unit.show("ActiveState") == "failed"
            if why == "no config"
            else int(unit.show("NRestarts")) > 1
        )
    )
    assert set(before.values()) <= set(unit.pids())
    unit.systemctl("stop")
    assert [] == unit.pids()
    assert unit.show("ActiveState") in {"inactive", "failed"}


def test_a_stop_right_after_a_crash_leaves_nothing(unit: Unit) -> None:
    """In the second before the daemon is started again."""
    unit.install(RestartSec="1h")
    unit.configure({"web": STAYS})
    unit.systemctl("start")
    web = unit.running("web")["web"]
    unit.systemctl("kill", "--kill-who=main", "--signal=KILL")
    unit.until(lambda: unit.show("SubState") == "auto-restart")
    assert web in unit.pids()
    unit.systemctl("stop")
    assert [] == unit.pids()


@pytest.mark.parametrize("how", ["crash", "hang"])
def test_a_daemon_that_died_is_restarted(unit: Unit, how: str) -> None:
    """``kill -9``, or a watchdog that wasn't fed; then all programs run."""
    unit.install(WatchdogSec="3s")
    unit.configure({"web": STAYS, "db": STAYS})
    unit.systemctl("start")
    unit.running("web", "db")
    unit.take_away("KILL" if how == "crash" else "STOP")
    # Where a hanging daemon was is in its log.
    assert (how == "hang") is ("most recent call first" in unit.log())
    unit.running("web", "db")
    unit.until(lambda: unit.show("StatusText") == "2 programs: 2 RUNNING")


def test_what_a_failed_daemon_left_ends_by_one_command(unit: Unit) -> None:
    """Programs run on while the config is mended; or are ended, as the docs say."""
    unit.configure({"web": STAYS})
    unit.systemctl("start")
    web = unit.running("web")["web"]
    unit.machine.write(CONFIG, "nonsense\n")
    unit.systemctl("kill", "--kill-who=main", "--signal=KILL")
    unit.until(lambda: unit.show("ActiveState") == "failed")
    assert web in unit.pids()
    unit.systemctl("kill", "--kill-who=all")
    unit.until(lambda: not unit.pids())


def test_a_reboot_brings_back_what_was_wanted(unit: Unit) -> None:
    """What an operator stopped stays stopped; a dormant engine stays dormant."""
    healing = {"backoff_initial": 0.02, "backoff_max": 0.05, "open_after": 1}
    unit.configure(
        {"web": STAYS, "off": STAYS, "bad": "exit 1"},
        healing={**healing, "open_secs": 0.05, "dormant_after": 3, "systemic_share": 0},
    )
    unit.systemctl("enable")
    unit.systemctl("start")
    unit.running("web", "off")
    unit.ctl("stop", "off")
    unit.until(lambda: "DORMANT" in unit.show("StatusText"))
    unit.machine.cut_power()
    unit.machine.boot()
    unit.systemctl("start")
    unit.running("web")
    assert "STOPPED" == unit.programs()["off"]["state"]
    assert unit.status()["selfHealing"]["isDormant"] is True
    assert "DORMANT" in unit.show("StatusText")
