#!/bin/sh
# Every check and every test: sh tests/run.sh [arguments for pytest]
# Leaves nothing but .venv and caches behind. Needs no root.
set -eu
cd "$(dirname "$0")/.."
. .ci/venv.sh

install_for_tests
PATH=$venv/bin:$PATH

step() {
    echo "== $*"
    "$@"
}

step ruff check .
step ruff format --check .
step mypy
# tests/ is where the tests' own modules are found, by pytest and here.
step env MYPYPATH=tests mypy --explicit-package-bases tests
step lint-imports

if [ $# -gt 0 ]; then
    step pytest "$@"
    exit
fi
# Most tests wait for processes most of the time, so two runs share the machine. What may
# be interrupted by SIGINT is in the first: a shell's background ignores that.
# Run as a script, pytest finds the installed package and not the one in this folder.
beside='tests/config tests/core tests/examples tests/incidents tests/package tests/wire'
log=$(mktemp)
# shellcheck disable=SC2086 - it is a list
coverage run "$venv/bin/pytest" $beside >"$log" 2>&1 &
pid=$!
trap 'rm -f "$log"; kill "$pid" 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM
failed=0
# shellcheck disable=SC2086 - it is a list
step pytest $(printf -- '--ignore=%s ' $beside) || failed=$?
wait "$pid" || failed=$?
echo "== coverage run pytest $beside"
cat "$log"
[ "$failed" -eq 0 ] || exit "$failed"
pure='*/selfhealingd/core/*,*/selfhealingd/wire/*'
step coverage report --skip-covered --show-missing --include="$pure" --fail-under=96
