#!/bin/sh
# Sees to it that the engines are installed: with apt where this is root on Debian, else says what is missing.
# No service is started: the fleet side runs its own processes.
set -eu
missing=
for package in postgresql rabbitmq-server prometheus; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "missing:$missing; sudo apt-get install --no-install-recommends$missing" >&2
    echo "(their services are not used here: sudo systemctl disable --now$missing)" >&2
    exit 69
fi
echo "Installing$missing"
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # one word a package
apt-get install -y -qq --no-install-recommends $missing >/dev/null
