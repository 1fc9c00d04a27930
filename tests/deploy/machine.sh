#!/bin/sh
# Becomes process 1 of a small machine: systemd on a throw-away copy of a root file system.
# Run as root by machine.py, already in namespaces of its own (pid, mount, cgroup, ipc, uts).
#   machine.sh LOWER WORK TARGET    LOWER: the root to copy on write; WORK: a folder for what is
#                                   written; TARGET: the unit to boot into
set -eu
lower=$1 work=$2 root=$2/root target=$3

mount --make-rprivate /
mkdir -p "$work/upper" "$work/work" "$root"
mount -t overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/work" overlay "$root"

mount -t proc proc "$root/proc"
# Read-only: systemd then leaves devices to the real machine, as in any container.
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/sys/fs/cgroup" 2>/dev/null || true
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"

# Folders and files to show inside: "from:to" one a line, prepared by machine.py.
while IFS=: read -r from to; do
    mkdir -p "$(dirname "$root$to")"
    if [ -d "$from" ]; then mkdir -p "$root$to"; else touch "$root$to"; fi
    mount --rbind "$from" "$root$to"
done < "$work/binds"
if [ -e "$work/resolv.conf" ]; then
    rm -f "$root/etc/resolv.conf"
    cp "$work/resolv.conf" "$root/etc/resolv.conf"
fi

ip link set lo up 2>/dev/null || true
cd "$root"
mkdir -p .outside
pivot_root . .outside
umount -l /.outside
# As on a real machine: what systemd mounts for a service (its credentials) must reach it.
mount --make-rshared /
exec env -i container=fer-edge-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit="$target" --log-target=journal --show-status=no
