# Becomes PID 1 of a container without an engine: a root file system of its own, read-only
# but for the tmpfs mounts that the image asks for, no network, no rights. Run it under
# unshare, with the folders that Python needs as arguments, and FOLDER with:
#   etc/  what the image has in /etc       command  what to run, one word a line
set -eu
root=$FOLDER/root
mount --make-rprivate /
mkdir "$root"
mount -t tmpfs -o mode=0755 tmpfs "$root"
cd "$root"
mkdir -m 1777 tmp
mount -t tmpfs tmpfs tmp

bind() { # PATH: show a folder or a device, read-only
    if [ -d "$1" ]; then mkdir -p ".$1"; else mkdir -p ".${1%/*}" && : >".$1"; fi
    mount --rbind "$1" ".$1"
    mount -o remount,bind,ro ".$1"
}

for folder in /bin /sbin /lib /lib32 /lib64 /libx32; do
    if [ -L "$folder" ]; then cp -P "$folder" .; elif [ -d "$folder" ]; then bind "$folder"; fi
done
for path in /usr "$@"; do bind "$path"; done
mkdir -p dev proc etc srv
for device in null zero random urandom; do
    : >"dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mount -t proc proc proc
cp -R "$FOLDER/etc" .
for folder in run/selfhealingd var/lib/selfhealingd; do
    mkdir -p "$folder"
    mount -t tmpfs -o "mode=0700,uid=$UID_,gid=$UID_" tmpfs "$folder"
done
mount -o remount,ro .

set --
while IFS= read -r word; do set -- "$@" "$word"; done <"$FOLDER/command"
exec chroot --userspec="$UID_:$UID_" --groups= . "$@"
