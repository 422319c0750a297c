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
# Run as a script, pytest finds the installed package and not the one in this folder.
step coverage run "$venv/bin/pytest"
pure='*/selfhealingd/core/*,*/selfhealingd/wire/*'
step coverage report --skip-covered --show-missing --include="$pure" --fail-under=97
