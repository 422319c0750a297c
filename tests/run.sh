#!/bin/sh
# Every check and every test: sh tests/run.sh [arguments for pytest]
# Leaves nothing but .venv and caches behind. Needs no root.
set -eu
cd "$(dirname "$0")/.."
. .ci/venv.sh

install_for_tests
PATH=$venv/bin:$PATH

# A shell's background ignores SIGINT, and so would what tests start there.
step() {
    echo "== $*"
    env --default-signal=INT "$@"
}

step ruff check .
step ruff format --check .
# For the oldest and the newest Python that are promised, whichever this one is.
promised=$(sed -n 's/.*:: Python :: \(3\.[0-9]*\)",/\1/p' pyproject.toml)
for version in $(echo "$promised" | sed -n '1p; $p'); do
    step mypy --python-version "$version"
done
# tests/ is where the tests' own modules are found, by pytest and here.
step MYPYPATH=tests mypy --explicit-package-bases tests
step lint-imports

if [ $# -gt 0 ]; then
    step pytest "$@"
    exit
fi
# Most tests wait for processes most of the time, so several share a core. Those of one
# file stay together, the longest files come first; what is pure is counted apart.
# Run as a script, pytest finds the installed package and not the one in this folder.
pure='tests/config tests/core tests/incidents tests/wire'
long='tests/systemd tests/package tests/examples tests/daemon'
others=$(for path in tests/[!_]*/ tests/test_*.py; do
    case " $pure $long " in
    *" ${path%/} "*) ;;
    *) echo "$path" ;;
    esac
done)
log=$(mktemp)
# shellcheck disable=SC2086 - it is a list
env --default-signal=INT coverage run "$venv/bin/pytest" $pure >"$log" 2>&1 &
pid=$!
trap 'rm -f "$log"; kill "$pid" 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM
failed=0
# shellcheck disable=SC2086 - they are lists
step pytest -n 3 --dist loadfile --no-loadscope-reorder $long $others || failed=$?
wait "$pid" || failed=$?
echo "== coverage run pytest $pure"
cat "$log"
[ "$failed" -eq 0 ] || exit "$failed"
counted='*/selfhealingd/core/*,*/selfhealingd/wire/*'
step coverage report --skip-covered --show-missing --include="$counted" --fail-under=96
