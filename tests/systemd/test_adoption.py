"""What a daemon that died leaves running is untouched, and the next one's own."""

import pytest
from systemd_unit import Unit

pytestmark = pytest.mark.process


@pytest.mark.parametrize("signal", ["KILL", "STOP"])
def test_programs_do_not_notice(unit: Unit, signal: str) -> None:
    """``kill -9``, or a watchdog that wasn't fed: the same processes run on."""
    unit.install(WatchdogSec="3s")
    unit.configure({"web": "exec sleep 1000", "db": "exec sleep 1000"})
    unit.systemctl("start")
    before = unit.running("web", "db")
    unit.take_away(signal)
    assert before == unit.running("web", "db")


def test_no_line_is_lost_when_the_daemon_is_killed(unit: Unit) -> None:
    """Lines said before, while and after there is no daemon are all in the log."""
    unit.configure({"talk": "i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done"})
    unit.systemctl("start")
    before = unit.running("talk")
    log = unit.machine.path("/var/log/selfhealingd/talk.log")

    def numbers() -> list[int]:
        return [int(line) for line in log.read_text().splitlines()[:-1]]

    unit.until(lambda: log.exists() and len(numbers()) > 10)
    unit.take_away("KILL")
    assert before == unit.running("talk")
    last = numbers()[-1]
    unit.until(lambda: numbers()[-1] > last + 10)
    assert list(range(1, len(numbers()) + 1)) == numbers()
