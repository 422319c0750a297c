"""A machine with a real systemd, made of namespaces on this one.

It sees this machine's files, but /etc, /usr, /var/lib and /var/log as a copy on write
and /run afresh: nothing that happens on it is seen outside. The copies outlive a
reboot.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from selfhealingd.supervise.identity import children

DEADLINE = 60.0
"""Seconds for what takes one or two: the machine may be loaded."""

TOP = Path(__file__).parents[1]
SYSTEMD = Path("/lib/systemd/systemd")
NEEDED = ("unshare", "nsenter", "mount", "systemctl", "journalctl", "systemd-analyze")

_SET_UP = """
set -e
mount -t tmpfs tmpfs "$1"
cd "$1"
: >console
for folder in etc usr var/lib var/log; do
    mkdir -p "upper/$folder" "work/$folder"
    layers=lowerdir=/$folder,upperdir=$1/upper/$folder,workdir=$1/work/$folder
    mount -t overlay -o "$layers" overlay "/$folder"
done
# A daemon that runs on the machine below, or did, is none of this one's.
rm -rf /etc/selfhealingd /var/lib/selfhealingd /var/log/selfhealingd
# Not the tree of other machines like this, where everyone has a system.slice.
mkdir cgroups
mount -t cgroup2 cgroup2 cgroups
mkdir "cgroups/$2"
# Nothing but a journal comes up at boot. Least of all what empties /tmp.
cd /etc/systemd/system
for unit in /lib/systemd/system/sysinit.target.wants/* /etc/systemd/system/*.wants/*; do
    case $unit in *journald*) ;; *) ln -sf /dev/null "${unit##*/}" ;; esac
done
# /dev and the kernel's log are shared with the machine below; but the console is a
# file of its own, as who logs in there owns it.
ln -sf /dev/null systemd-journald-dev-log.socket
ln -sf /dev/null systemd-journald-audit.socket
printf '%s\\n' '[Journal]' Storage=volatile ReadKMsg=no Audit=no RateLimitBurst=0 \\
    >/etc/systemd/journald.conf
printf '[Unit]\\nRequires=sysinit.target\\n' >test.target
echo ready
read -r _
"""

_BOOT = """
set -e
echo 0 >"$1/cgroups/$2/cgroup.procs"
exec unshare --cgroup sh -ec '
    mount -t proc proc /proc
    umount -l /sys/fs/cgroup || true
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mount --bind /dev/null "$(command -v systemd-tmpfiles)"
    [ ! -e /dev/console ] || mount --bind "$1/console" /dev/console
    mount -t tmpfs -o mode=755 tmpfs /run
    exec env -i PATH="$PATH" container=other "$0" --system --unit=test.target
' "$3" "$1"
"""


def why_not() -> str | None:
    """Return why there can be no such machine here; None if there can."""
    if os.geteuid() != 0:
        return "it takes root"
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if not SYSTEMD.exists():
        return f"not installed: {SYSTEMD}"
    return None


class Machine:
    """Booted; raises AssertionError with what was said when that is not possible."""

    def __init__(self) -> None:
        # Not in /tmp, so that systemd finds it wherever pytest has its own.
        self._folder = tempfile.mkdtemp(prefix="shd-", dir="/run")
        self._name = Path(self._folder).name
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", _SET_UP, "sh", self._folder, self._name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._holder.stdout is not None
        said = self._holder.stdout.readline()
        assert said == "ready\n", said + self._holder.stdout.read()
        self._unshare: subprocess.Popen[str] | None = None
        self._pid = 0
        self.boot()

    def boot(self) -> None:
        """Switch it on; returns once units can be started."""
        spaces = ("--pid", "--fork", "--kill-child", "--mount", "--uts", "--ipc")
        boot = ("sh", "-c", _BOOT, "sh", self._folder, self._name, str(SYSTEMD))
        self._unshare = subprocess.Popen(
            [*self._enter(self._holder.pid, "--mount"), "unshare", *spaces, *boot],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        until(self._up)

    def _up(self) -> bool:
        assert self._unshare is not None
        if self._unshare.poll() is not None:
            assert self._unshare.stdout is not None
            raise AssertionError(f"no systemd came up: {self._unshare.stdout.read()}")
        found = children(self._unshare.pid)
        if not found:
            return False
        [self._pid] = found
        state = self.run("systemctl", "is-system-running", ok=False)
        return state.strip() in {"running", "degraded"}

    def cut_power(self) -> None:
        """End it at once, with everything that runs on it."""
        if self._unshare is None:
            return
        os.kill(self._pid, signal.SIGKILL)
        self._unshare.communicate(timeout=DEADLINE)
        self._unshare = None

    def close(self) -> None:
        """Leave nothing of it."""
        self.cut_power()
        cgroup = f"{self._folder}/cgroups/{self._name}"
        self.outside(
            "find", cgroup, "-depth", "-type", "d", "-exec", "rmdir", "{}", "+"
        )
        self._holder.communicate("\n", timeout=DEADLINE)
        with contextlib.suppress(OSError):
            os.rmdir(self._folder)  # noqa: PTH106 - beside the other of its kind

    def _enter(self, pid: int, *spaces: str) -> list[str]:
        return ["nsenter", "--target", str(pid), *spaces, "--wd=/"]

    def run(self, *command: str, ok: bool = True, stdin: str = "") -> str:
        """Run a command on it; return all that it said. ``ok``: it must succeed."""
        path = ("env", "-i", f"PATH={os.environ['PATH']}", "LC_ALL=C.UTF-8")
        status, said = _run([*self._enter(self._pid, "--all"), *path, *command], stdin)
        assert status == 0 or not ok, f"{command}: {status}: {said}"
        return said

    def outside(self, *command: str) -> str:
        """Run a command on its files, on or off."""
        status, said = _run([*self._enter(self._holder.pid, "--mount"), *command], "")
        assert status == 0, f"{command}: {status}: {said}"
        return said

    def write(self, file: str, text: str) -> None:
        """Write a file on it, and the folders that it is in."""
        path = self.path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def path(self, file: str) -> Path:
        """Return where we find one of its files, except those in /run."""
        return Path(f"/proc/{self._holder.pid}/root{file}")


def _run(command: list[str], stdin: str) -> tuple[int, str]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said, _ = process.communicate(stdin, timeout=DEADLINE)
    return process.returncode, said


def until(check: Callable[[], object], seconds: float = DEADLINE) -> None:
    """Wait for something that nothing tells us of, as it is on another machine."""
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise AssertionError("it did not come to that")
        time.sleep(0.05)
