# Sourced, in the checkout's top folder: makes .venv, and puts things into it. What is
# there already is left as it is, so that a second time costs little and needs no network.

export PIP_DISABLE_PIP_VERSION_CHECK=1
venv=$PWD/.venv
lock=tests/requirements.txt

die() {
    printf '%s\n' "$@" >&2
    exit 1
}

# Print the name of a Python that is new enough and can make venvs.
find_python() {
    for name in python3 python3.13 python3.12 python3.11; do
        # ensurepip is what Debian's python3 lacks as long as python3-venv is missing.
        if "$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
            2>/dev/null; then
            echo "$name"
            return
        fi
    done
    return 1
}

need_python() {
    python=$(find_python) && return
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        echo "installing python3-venv"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
            python3-venv >/dev/null
        python=$(find_python) && return
    fi
    die "cannot make a virtual environment: that takes Python 3.11 or newer with venv" \
        "on Debian 12: sudo apt-get install python3-venv"
}

make_venv() {
    [ -w . ] || die "cannot write in $PWD: clone or copy it to a folder of your own"
    # A venv knows its path, so one that was copied or moved here belongs elsewhere.
    if [ -e "$venv" ] && ! grep -qsF "$venv/" "$venv/bin/pip"; then
        rm -rf "$venv"
    fi
    [ -x "$venv/bin/python" ] && "$venv/bin/python" -c '' 2>/dev/null && return
    need_python
    echo "making .venv with $("$python" --version)"
    rm -rf "$venv"
    "$python" -m venv "$venv"
}

# once FILE ARGUMENTS...: pip install them, unless that was done with this very lock.
once() {
    done=$venv/$1
    shift
    cmp -s "$lock" "$done" && return
    echo "installing what is needed into .venv"
    "$venv/bin/pip" install -q "$@"
    cp "$lock" "$done"
}

# The package itself, built and installed as users get it; everything it needs is there.
install_package() {
    "$venv/bin/pip" install -q --no-deps --no-build-isolation --force-reinstall .
}

install_for_tests() {
    make_venv
    once installed-for-tests -r "$lock"
    install_package
}

install_for_use() {
    make_venv
    cmp -s "$lock" "$venv/installed-for-tests" ||
        once installed-for-use -c "$lock" hatchling .
    install_package
}
