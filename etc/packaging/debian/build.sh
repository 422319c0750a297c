#!/bin/sh
# Makes selfhealingd_VERSION_ARCHITECTURE.deb, for the Debian that this runs on:
#   sh etc/packaging/debian/build.sh FOLDER [OPTIONS OF PIP...]
# It holds a virtual environment in /usr/lib/selfhealingd with everything that the daemon
# needs, in the versions of tests/requirements.txt. Takes dpkg-deb, Debian's python3 with
# venv, and any Python that has pip ($PYTHON); no root. The same tree, packages and
# SOURCE_DATE_EPOCH make the same bytes.
set -eu
umask 022
out=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/../../.."
here=etc/packaging/debian
pip="${PYTHON:-python3} -m pip"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
home=/usr/lib/selfhealingd
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(date +%s)}"

# The virtual environment, and away with what it knows of this place.
python=$(readlink -f /usr/bin/python3)
"$python" -m venv --without-pip "$root$home"
$pip wheel --quiet --no-deps --wheel-dir "$work" "$@" .
$pip --python "$root$home/bin/python3" install --quiet --no-compile \
    -c tests/requirements.txt "$@" "$work"/*.whl
find "$root$home/bin" ! -name 'python*' ! -name selfhealctl ! -name selfhealingd \
    ! -type d -delete
sed -i "s|$root||" "$root$home/bin/selfhealctl" "$root$home/bin/selfhealingd"
sed -i '/^command = /d' "$root$home/pyvenv.cfg"
find "$root$home" \( -name RECORD -o -name direct_url.json \) -delete
"$root$home/bin/python3" -m compileall -q -j 0 -s "$root" -p / \
    --invalidation-mode unchecked-hash "$root$home/lib"

# What belongs elsewhere. The units name /usr/bin already.
put() { # FOLDER FILES...
    folder=$root/$1
    shift
    install -d "$folder"
    install -m 644 "$@" "$folder"
}
put usr/lib/systemd/system systemd/*.service systemd/*.socket systemd/*.target
put usr/lib/systemd/user systemd/user/*
put usr/lib/sysusers.d systemd/sysusers.d/*
put usr/lib/tmpfiles.d systemd/tmpfiles.d/*
put etc/selfhealingd etc/selfhealingd.toml etc/selfhealingd.schema.json etc/flags.env
for section in 1 5 8; do
    put "usr/share/man/man$section" docs/man/*."$section"
done
put usr/share/bash-completion/completions etc/completions/selfhealctl.bash
mv "$folder/selfhealctl.bash" "$folder/selfhealctl"
put usr/share/fish/vendor_completions.d etc/completions/selfhealctl.fish
put usr/share/zsh/vendor-completions etc/completions/_selfhealctl
put usr/share/doc/selfhealingd CHANGELOG.md
mv "$folder/CHANGELOG.md" "$folder/changelog"
install -m 644 LICENSE "$folder/copyright"
put usr/share/doc/selfhealingd/examples systemd/examples/*
gzip -9n "$root/usr/share/doc/selfhealingd/changelog" "$root"/usr/share/man/man*/*
install -d "$root/usr/bin"
ln -s "..${home#/usr}/bin/selfhealctl" "..${home#/usr}/bin/selfhealingd" "$root/usr/bin"

# What dpkg wants to know.
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' selfhealingd/__init__.py)
architecture=$(dpkg --print-architecture)
size=$(find "$root" -type f -printf '%s\n' | awk '{ n += int($1 / 1024) + 1 } END { print n }')
install -d "$root/DEBIAN"
install -m 755 "$here/preinst" "$here/postinst" "$here/postrm" "$here/prerm" "$root/DEBIAN"
printf '%s\n' /etc/selfhealingd/flags.env /etc/selfhealingd/selfhealingd.toml \
    >"$root/DEBIAN/conffiles"
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" \
    -e "s/@PYTHON@/${python##*/}/" \
    -e "s/@SIZE@/$size/" \
    "$here/control" >"$root/DEBIAN/control"
dpkg-deb --root-owner-group -Zxz -z1 --build "$root" \
    "$out/selfhealingd_${version}_$architecture.deb"
