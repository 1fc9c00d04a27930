#!/bin/sh
# Installs fer-edge as a system service on Debian 12, Raspberry Pi OS (64-bit) or newer. Asks nothing.
#
#   sudo deploy/install.sh              install or upgrade from this checkout
#   sudo deploy/install.sh FILE.whl     the same from a wheel
#   sudo deploy/install.sh --rollback   back to the version before
#   sudo deploy/install.sh --uninstall  remove it; configuration, secrets and state stay
#   sudo deploy/install.sh --uninstall --purge   remove those too
#   options: --extras LIST  optional parts; default: those installed, at first web, and gpio where there are pins
#            --no-start     install, but leave the service as it is
#
# Each version has an environment of its own in /opt/fer-edge/VERSION; `current` and `previous` are
# links there. /etc/fer-edge/config.yaml is written once and never again.
# Exit codes: 0 fine, 1 failed, 2 usage, 69 something needed is missing. pip takes its usual settings
# (PIP_INDEX_URL and others) from the environment.
set -eu

HOME_DIR=/opt/fer-edge
CONFIG_DIR=/etc/fer-edge
UNIT=/etc/systemd/system/fer-edge.service
PACKAGED=/usr/lib/systemd/system/fer-edge.service
DROP_INS=$UNIT.d
COMMAND=/usr/local/bin/fer-edge
LOG=/var/log/fer-edge-install.log
LOCK=/run/lock/fer-edge-install.lock
# A version is taken for good when it has run for so long, seconds: some die only after they were ready.
SETTLE=10
HERE=$(cd "$(dirname "$0")" && pwd)

say() { printf '%s\n' "$*"; }

fail() {
    code=$1
    shift
    printf 'install.sh: %s\n' "$*" >&2
    exit "$code"
}

usage() {
    sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p}' "$0"
}

quietly() { "$@" >>"$LOG" 2>&1; }

systemd_runs() { [ -d /run/systemd/system ]; }

# --- what is needed -----------------------------------------------------------------------------

check_machine() {
    [ "$(id -u)" -eq 0 ] || fail 1 "must be run as root; try: sudo $0"
    command -v apt-get >/dev/null || fail 69 "this is not Debian or Raspberry Pi OS; see docs/operations.md for installing by hand"
    case $(dpkg --print-architecture) in
        amd64 | arm64) ;;
        *) fail 69 "a 64-bit system is needed ($(dpkg --print-architecture) has no LiteRT); install the 64-bit Raspberry Pi OS" ;;
    esac
}

install_python() {
    python3 -c 'import ensurepip, venv' 2>/dev/null && return
    say "Installing Debian's python3 and python3-venv"
    export DEBIAN_FRONTEND=noninteractive
    quietly apt-get update || fail 1 "apt-get update failed; check the network and the clock (details: $LOG)"
    quietly apt-get install -y --no-install-recommends python3 python3-venv ||
        fail 1 "python3-venv could not be installed (details: $LOG)"
}

check_python() {
    python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
        fail 69 "Python 3.11 to 3.13 is needed, this is $(python3 --version); upgrade to Debian 12 or 13"
}

# --- a version in its folder --------------------------------------------------------------------

# "<version>+<fingerprint>" of a wheel or a checkout, so that the same contents are installed only once.
version_of() {
    if [ -f "$1" ]; then
        number=$(basename "$1" | cut -d- -f2)
        print=$(sha256sum "$1")
    else
        number=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$1/fer_edge/__init__.py")
        print=$(cd "$1" && find pyproject.toml fer_edge -type f ! -name '*.pyc' -exec sha256sum {} + | LC_ALL=C sort | sha256sum)
    fi
    printf '%s+%.8s' "$number" "$print"
}

# The optional parts: those installed already, else the usual ones.
extras_here() {
    cat "$HOME_DIR/current/.complete" 2>/dev/null || if getent group gpio >/dev/null; then say web,gpio; else say web; fi
}

build() {
    target=$1
    trap 'rm -rf "$target"' EXIT
    trap 'exit 130' INT TERM HUP
    rm -rf "$target"
    say "Installing fer-edge $(basename "$target") into $target (some minutes on a Raspberry Pi)"
    quietly python3 -m venv "$target" || fail 1 "no environment could be made in $target (details: $LOG)"
    pip_install "$target" || fail 1 "$(pip_fault)"
    pin_library "$target"
    quietly "$target/bin/fer-edge" --version || fail 1 "the new version does not run (details: $LOG)"
    printf '%s\n' "$EXTRAS" >"$target/.complete"
    trap - EXIT INT TERM HUP
}

in_pip() {
    with=$1
    shift
    (cd / && quietly "$with" -m pip install --disable-pip-version-check "$@")
}

# From a copy: setuptools would leave a build folder in the checkout, and a path with blanks is no URL.
pip_install() {
    copy=$(mktemp -d) status=0
    if [ -d "$SOURCE" ]; then
        cp -r "$SOURCE/pyproject.toml" "$SOURCE/README.md" "$SOURCE/fer_edge" "$SOURCE/deploy" "$copy"
        what=$copy
    else
        cp "$SOURCE" "$copy"
        what=$copy/$(basename "$SOURCE")
    fi
    python=$1/bin/python
    # Every package is the one that was tested, by its hash; other extras than these come as pip finds them.
    case ,$EXTRAS, in
        ,web, | ,gpio, | ,web,gpio, | ,gpio,web,)
            { in_pip "$python" --require-hashes -r "$HERE/requirements.lock" &&
                in_pip "$python" --no-deps --no-build-isolation "fer-edge @ file://$what" &&
                quietly "$python" -m pip check; } || status=1
            ;;
        *)
            say "Extras $EXTRAS: not all are in requirements.lock, so packages are installed without hash checks"
            in_pip "$python" "fer-edge[$EXTRAS] @ file://$what" || status=1
            ;;
    esac
    rm -rf "$copy"
    return $status
}

# What gpiozero drives pins with. Not every Python has a built one, and most machines need no pins.
pin_library() {
    case ,$EXTRAS, in *,gpio,*) ;; *) return 0 ;; esac
    quietly "$1/bin/python" -m pip install --disable-pip-version-check --only-binary=:all: 'lgpio>=0.2.2' ||
        say "No lgpio wheel for $(python3 --version): alarms on pins need one, see docs/alarms.md"
}

pip_fault() {
    if tail -n 20 "$LOG" | grep -qi 'no space left'; then
        say "the disk is full; about 500 MB are needed in /opt"
    elif tail -n 20 "$LOG" | grep -q 'DO NOT MATCH THE HASHES'; then
        say "a package differs from the tested one (wrong hash); do not use that package index (details: $LOG)"
    else
        say "its packages could not be installed; check the network, then run this again (details: $LOG)"
    fi
}

link() { ln -sfn "$1" "$HOME_DIR/$2.new" && mv -T "$HOME_DIR/$2.new" "$HOME_DIR/$2"; }

name_of() { [ ! -L "$HOME_DIR/$1" ] || readlink "$HOME_DIR/$1"; }

# Takes a version into use; the one that was in use becomes the previous one.
use() {
    WAS=$(name_of current) WAS_PREVIOUS=$(name_of previous)
    if [ "$WAS" != "$1" ]; then
        CHANGED=yes
        [ -z "$WAS" ] || link "$WAS" previous
        link "$1" current
    fi
    mkdir -p "$(dirname "$COMMAND")"
    ln -sfn "$HOME_DIR/current/bin/fer-edge" "$COMMAND"
}

# Undoes `use`.
go_back() {
    link "$WAS" current
    if [ -n "$WAS_PREVIOUS" ]; then link "$WAS_PREVIOUS" previous; else rm -f "$HOME_DIR/previous"; fi
}

remove_old_versions() {
    for folder in "$HOME_DIR"/*; do
        name=$(basename "$folder")
        case $name in
            current | previous | "$(name_of current)" | "$(name_of previous)") ;;
            *) rm -rf "$folder" ;;
        esac
    done
}

# --- around it ----------------------------------------------------------------------------------

install_config() {
    mkdir -p "$CONFIG_DIR"
    [ ! -e "$CONFIG_DIR/config.yaml" ] || return 0
    # Whole or not at all: what a full disk cut short would never be written again.
    node=$(hostname | cut -d. -f1 | tr -cd 'A-Za-z0-9_-' | sed 's/^[_-]*//')
    sed "s/^node: .*/node: ${node:-fer-edge}/" "$HERE/config.yaml" >"$CONFIG_DIR/config.yaml.new"
    # A stream's address may hold a password. Who is in group video may see cameras anyway.
    chgrp video "$CONFIG_DIR/config.yaml.new"
    chmod 640 "$CONFIG_DIR/config.yaml.new"
    mv "$CONFIG_DIR/config.yaml.new" "$CONFIG_DIR/config.yaml"
    say "Wrote $CONFIG_DIR/config.yaml: set the broker there, then: sudo systemctl reload fer-edge"
}

install_unit() {
    mkdir -p "$DROP_INS"
    cmp -s "$HERE/fer-edge.service" "$UNIT" || CHANGED=yes
    install -m 644 "$HERE/fer-edge.service" "$UNIT"
    rm -f "$DROP_INS/gpio.conf" "$DROP_INS/clock.conf"
    if getent group gpio >/dev/null; then install -m 644 "$HERE/gpio.conf" "$DROP_INS"; fi
    if command -v chronyd >/dev/null || command -v ntpd >/dev/null; then install -m 644 "$HERE/clock.conf" "$DROP_INS"; fi
    rmdir --ignore-fail-on-non-empty "$DROP_INS"
    if systemd_runs; then systemctl daemon-reload; fi
    quietly systemctl enable fer-edge.service || fail 1 "the service could not be enabled (details: $LOG)"
}

# Whether the service, ready already, still runs in the same process a while later.
settled() {
    pid=$(systemctl show --property=MainPID --value fer-edge.service)
    sleep "$SETTLE"
    [ "$pid" = "$(systemctl show --property=MainPID --value fer-edge.service)" ] &&
        systemctl is-active --quiet fer-edge.service
}

# Two at once would take the same folders: the second one is told, and changes nothing.
lock() {
    exec 9>"$LOCK" || fail 1 "$LOCK cannot be opened"
    flock --nonblock 9 || fail 1 "another install.sh is running; wait until it has finished"
}

# Starts what `current` names; on failure goes back to the version that ran before.
restart() {
    if ! systemd_runs; then
        say "systemd is not running here: the service starts at the next boot"
        return
    elif systemctl restart fer-edge.service 2>>"$LOG" && settled; then
        say "fer-edge is running: systemctl status fer-edge, journalctl -u fer-edge, sudo fer-edge doctor"
        return
    fi
    why=$(journalctl --unit=fer-edge --grep='^(fer-edge: |/|--set )' --lines=1 --output=cat --no-pager 2>/dev/null || true)
    if [ -n "$WAS" ] && [ "$WAS" != "$(name_of current)" ]; then
        go_back
        systemctl restart fer-edge.service 2>>"$LOG" || true
        fail 1 "it does not start: ${why:-see journalctl -u fer-edge}; rolled back to $WAS"
    fi
    fail 1 "installed, but it does not start: ${why:-see journalctl -u fer-edge}"
}

# --- what can be asked for ----------------------------------------------------------------------

do_install() {
    # Its unit and command would hide the package's, which then goes on being upgraded for nothing.
    [ ! -e "$PACKAGED" ] || fail 1 "the Debian package is installed; upgrade that, or remove it first: sudo apt remove fer-edge" \
        "(configuration, secrets and state stay)"
    case $SOURCE in
        *.whl) [ -f "$SOURCE" ] || fail 2 "$SOURCE: no such wheel" ;;
        *) [ -f "$SOURCE/fer_edge/__init__.py" ] || fail 2 "$SOURCE is not a checkout of fer-edge; give a wheel: $0 FILE.whl" ;;
    esac
    for file in fer-edge.service config.yaml gpio.conf clock.conf requirements.lock; do
        [ -f "$HERE/$file" ] || fail 2 "$HERE/$file is missing; keep the files of deploy/ together"
    done
    install_python
    check_python
    EXTRAS=${EXTRAS:-$(extras_here)}
    version=$(version_of "$SOURCE")
    mkdir -p "$HOME_DIR"
    before=$(name_of current)
    if [ "$(cat "$HOME_DIR/$version/.complete" 2>/dev/null)" = "$EXTRAS" ]; then
        say "fer-edge $version is already installed"
    else
        # The version in use cannot be built anew in its place while it runs.
        [ "$before" != "$version" ] || version=$version.$(date +%s)
        build "$HOME_DIR/$version"
    fi
    check_config_with "$HOME_DIR/$version"
    use "$version"
    install_config
    install_unit
    [ -n "$NO_START" ] || start_or_leave
    remove_old_versions
}

# A new version must accept the configuration that is there, or the old one goes on.
check_config_with() {
    [ -e "$CONFIG_DIR/config.yaml" ] || return 0
    fault=$("$1/bin/fer-edge" check-config "$CONFIG_DIR/config.yaml" 2>&1) ||
        fail 1 "nothing was changed, the configuration has an error: $(printf '%s' "$fault" | head -n 1)"
}

# A second run with nothing new must not interrupt the monitoring.
start_or_leave() {
    if [ -z "$CHANGED" ] && systemd_runs && systemctl is-active --quiet fer-edge.service; then
        say "fer-edge is already running"
    else
        restart
    fi
}

do_rollback() {
    before=$(name_of current)
    previous=$(name_of previous)
    [ -e "$HOME_DIR/${previous:-none}/.complete" ] || fail 1 "there is no previous version to go back to"
    check_config_with "$HOME_DIR/$previous"
    use "$previous"
    say "fer-edge $previous instead of $before"
    [ -n "$NO_START" ] || restart
}

do_uninstall() {
    if systemd_runs; then quietly systemctl stop fer-edge.service || true; fi
    quietly systemctl disable fer-edge.service || true
    rm -rf "$UNIT" "$DROP_INS/gpio.conf" "$DROP_INS/clock.conf" "$HOME_DIR"
    [ ! -L "$COMMAND" ] || rm -f "$COMMAND"
    [ ! -d "$DROP_INS" ] || rmdir --ignore-fail-on-non-empty "$DROP_INS"
    if systemd_runs; then systemctl daemon-reload; fi
    if [ -n "$PURGE" ]; then
        rm -rf "$CONFIG_DIR" "$DROP_INS" /var/lib/fer-edge /var/lib/private/fer-edge "$LOG"
        rm -f /etc/credstore/fer-edge.mqtt-password /etc/credstore/fer-edge.mqtt-tls-key /etc/credstore/fer-edge.web-token
        say "fer-edge is removed with its configuration, secrets and state"
    else
        say "fer-edge is removed; $CONFIG_DIR, /etc/credstore/fer-edge.* and /var/lib/fer-edge are kept (--uninstall --purge removes them)"
    fi
}

ACTION=install SOURCE='' EXTRAS='' NO_START='' PURGE='' CHANGED='' WAS='' WAS_PREVIOUS=''
while [ $# -gt 0 ]; do
    case $1 in
        --rollback) ACTION=rollback ;;
        --uninstall) ACTION=uninstall ;;
        --purge) PURGE=yes ;;
        --no-start) NO_START=yes ;;
        --extras)
            [ $# -ge 2 ] || fail 2 "--extras needs a list, for example --extras web,gpio"
            EXTRAS=$2 && shift
            ;;
        -h | --help) usage && exit 0 ;;
        -*) fail 2 "$1: unknown option; see $0 --help" ;;
        *)
            [ -z "$SOURCE" ] || fail 2 "give at most one wheel"
            SOURCE=$1
            ;;
    esac
    shift
done
[ -z "$PURGE" ] || [ "$ACTION" = uninstall ] || fail 2 "--purge requires --uninstall"
SOURCE=$(readlink -f "${SOURCE:-$HERE/..}") || fail 2 "$SOURCE: no such wheel"
check_machine
lock
umask 022
export PIP_NO_CACHE_DIR="${PIP_NO_CACHE_DIR:-1}"
: >"$LOG"
"do_$ACTION"
