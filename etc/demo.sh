#!/bin/sh
# Installs selfhealingd into .venv and shows what it does: sh etc/demo.sh
# Needs no root. Ctrl-C ends it.
set -eu
cd "$(dirname "$0")/.."
. .ci/venv.sh

if [ "$(id -u)" -eq 0 ]; then
    state=/var/lib/selfhealingd
    # The demo would write its state over that of the machine's own daemon.
    [ ! -e /etc/selfhealingd/selfhealingd.toml ] ||
        die "this machine has a selfhealingd of its own (/etc/selfhealingd)" \
            "run the demo as an ordinary user: its files are apart then"
else
    state=${XDG_STATE_HOME:-$HOME/.local/state}/selfhealingd
fi
install_for_use

cat <<END

Six programs: one is well, one crashes now and then, one leaks, one hangs, one never
gets up, and one ignores SIGTERM. Watch 60 seconds: each is noticed and restarted, and
that it helped is verified; failures, longer and longer waits, a breaker that opens, at
last for good. Meanwhile, in a second terminal:

  $venv/bin/selfhealctl status
  $venv/bin/selfhealctl explain leaky
  $venv/bin/selfhealctl restart stubborn      (takes SIGKILL, after 3 s)

END
if [ -e "$state/state.toml" ]; then
    cat <<END
It was here before, and remembers: a program that it had given up on stays so, until

  $venv/bin/selfhealctl reset program:neverstarts --force --reason "once more"

END
fi
echo "Ctrl-C ends it all."
echo
exec "$venv/bin/selfhealingd" --config etc/demo.toml
