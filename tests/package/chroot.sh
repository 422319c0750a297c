# Runs a script on a copy of this machine's root file system, which is gone afterwards:
#   unshare --mount --pid --fork sh chroot.sh FOLDER SCRIPT
# There FOLDER is /mnt, and no systemd runs.
set -eu
folder=$1
script=$2
mount --make-rprivate /
mount -t tmpfs tmpfs /media
mkdir /media/upper /media/work /media/root
mount -t overlay -o lowerdir=/,upperdir=/media/upper,workdir=/media/work overlay /media/root
cd /media/root
mount --bind "$folder" mnt
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . sh -eu -c "$script"
