#!/bin/sh
# Sets up mosquitto as the broker of fer-edge nodes.
#
#   sudo broker.sh home           home network: passwords, no encryption, port 1883
#   sudo broker.sh fleet NAME     fleet: TLS under this DNS name, one user per node with its own topics, port 8883
#   sudo broker.sh add USER       a user with a new password: a node's name, viewer, operator or homeassistant
#   sudo broker.sh remove USER    removes a user
#   options: --port N    a different port
#            --into DIR  write to DIR instead of /etc/mosquitto and start nothing (to inspect it first)
#            --as DIR    with --into: where the broker will find DIR, for example /etc/mosquitto in a container
#            --replace   with add: a new password for a user who has one already
#
# home and fleet can be run again: users, passwords and the certificate authority are kept; the broker's certificate is
# renewed. They refuse a broker that another file sets up already, and change nothing. add refuses a user who exists.
# Exit codes: 0 done, 1 failed, 2 usage, 69 something needed is missing.
set -eu

# mosquitto is in /usr/sbin, where Debian's users do not look without sudo; --into needs none.
PATH=$PATH:/usr/local/sbin:/usr/sbin

HERE=$(cd "$(dirname "$0")" && pwd)
ETC=/etc/mosquitto

say() { printf '%s\n' "$*"; }

fail() {
    code=$1
    shift
    printf 'broker.sh: %s\n' "$*" >&2
    exit "$code"
}

usage() { sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p}' "$0"; }

need() { command -v "$1" >/dev/null || fail 69 "$1 is missing; try: sudo apt install $2"; }

# mosquitto gives up root before it reads these, and wants to be their owner (2.0.21 warns that later ones will refuse).
# Files given to another user, such as that of a container, stay with that user.
for_mosquitto() {
    chmod 640 "$@"
    if getent passwd mosquitto >/dev/null && [ "$(id -u)" -eq 0 ]; then chown --from=root mosquitto:mosquitto "$@"; fi
}

# mosquitto listens once on a port, and takes each of these once for all listeners: with a second one it does not start,
# or lets in whoever comes. Each listener may have its own only after per_listener_settings true.
alone() {
    once="(listener|port)[[:blank:]]+${PORT:-$1}"
    if ! cat "$ETC/mosquitto.conf" "$ETC"/conf.d/*.conf 2>/dev/null | grep -qE '^per_listener_settings[[:blank:]]+true'; then
        once="allow_anonymous|password_file|acl_file|$once"
    fi
    for file in "$ETC/mosquitto.conf" "$ETC"/conf.d/*.conf; do
        if [ ! -f "$file" ] || [ "$file" = "$ETC/conf.d/fer-edge.conf" ]; then continue; fi
        found=$(grep -nE "^[[:blank:]]*($once)([[:blank:]]|\$)" "$file" | head -n 1)
        [ -z "$found" ] || fail 1 "$file:$found: this broker is set up already, nothing is changed; remove that line and the" \
            "others it belongs to, or keep the broker as it is and give it a user for each node (docs/mqtt.md)"
    done
}

configure() {
    mkdir -p "$ETC/conf.d"
    [ -e "$ETC/fer-edge.passwords" ] || : >"$ETC/fer-edge.passwords"
    for_mosquitto "$ETC/fer-edge.passwords"
    # What sed would take for itself. mosquitto takes the rest of the line as it is.
    place=$(printf '%s' "${SEEN_AS:-$ETC}" | sed 's/[#&\\]/\\&/g')
    sed "s#/etc/mosquitto/#$place/#; s/^listener .*/listener ${PORT:-$2}/" "$HERE/$1.conf" >"$ETC/conf.d/fer-edge.conf"
}

restart() {
    if [ "$ETC" != /etc/mosquitto ]; then
        say "Wrote $ETC/conf.d/fer-edge.conf; nothing was started"
    elif [ ! -d /run/systemd/system ]; then
        say "Wrote $ETC/conf.d/fer-edge.conf; mosquitto reads it at its next start"
    elif systemctl enable --quiet mosquitto && systemctl restart mosquitto; then
        say "mosquitto listens on port ${PORT:-$1}. Next: sudo $0 add NODE"
    else
        fail 1 "mosquitto does not start; see journalctl -u mosquitto"
    fi
}

# New users and passwords are read without a restart where that works; a broker that is stopped reads them when it starts.
reload() {
    if [ "$ETC" != /etc/mosquitto ] || [ ! -d /run/systemd/system ]; then return; fi
    systemctl try-reload-or-restart mosquitto 2>/dev/null || systemctl restart mosquitto ||
        fail 1 "mosquitto does not start; see journalctl -u mosquitto"
}

home() {
    [ -z "$1" ] || fail 2 "home takes no name ($1); for a user: $0 add $1"
    need mosquitto mosquitto
    alone 1883
    configure home 1883
    restart 1883
}

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

# An authority of our own and the broker's certificate, valid for NAME.
certificate() {
    need openssl openssl
    tls=$ETC/fer-edge
    mkdir -p "$tls"
    if [ ! -e "$tls/ca.pem" ]; then
        (umask 077 && key "$tls/ca.key")
        openssl req -x509 -new -key "$tls/ca.key" -days 3650 -subj '/CN=fer-edge fleet' \
            -addext 'keyUsage=critical,keyCertSign,cRLSign' -out "$tls/ca.pem"
    fi
    case $1 in *[!0-9.]*) kind=DNS ;; *) kind=IP ;; esac
    # Key and certificate take the place of the old ones together, or not at all.
    new=$(mktemp -d "$tls/new.XXXXXX")
    key "$new/key"
    printf 'subjectAltName=%s:%s\n' "$kind" "$1" >"$new/ext"
    openssl req -new -key "$new/key" -subj "/CN=$1" -out "$new/csr"
    if ! openssl x509 -req -in "$new/csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -days 825 \
        -extfile "$new/ext" -out "$new/pem" 2>/dev/null; then
        rm -r "$new"
        fail 1 "no certificate could be signed, nothing is changed; put the authority's key at $tls/ca.key and try again"
    fi
    mv "$new/key" "$tls/broker.key"
    mv "$new/pem" "$tls/broker.pem"
    rm -r "$new"
    chmod 644 "$tls/ca.pem" "$tls/broker.pem"
    for_mosquitto "$tls/broker.key"
}

fleet() {
    case ${1:-} in
        '' | *[!A-Za-z0-9.-]*) fail 2 "fleet needs the name or address by which nodes reach this broker, for example broker.local" ;;
    esac
    need mosquitto mosquitto
    alone 8883
    certificate "$1"
    configure fleet 8883
    cp "$HERE/fer-edge.acl" "$ETC/fer-edge.acl"
    for_mosquitto "$ETC/fer-edge.acl"
    say "Copy $ETC/fer-edge/ca.pem to each node (/etc/fer-edge/ca.pem). Move $ETC/fer-edge/ca.key off this machine: it signs certificates."
    restart 8883
}

# What to do with the password of this user.
next_step() {
    conf=$ETC/conf.d/fer-edge.conf
    port=$(sed -n 's/^listener //p' "$conf" 2>/dev/null) || port=1883
    tls=$(sed -n 's/^certfile .*/ --cafile ca.pem/p' "$conf" 2>/dev/null) || tls=''
    case $1 in
        viewer | operator) say "Next: mosquitto_sub -h BROKER -p $port$tls -u $1 -P PASSWORD -t 'fer-edge/#' -v" ;;
        homeassistant) say "Next: in Home Assistant, add the integration MQTT: this machine, port $port, user $1, the password" ;;
        *)
            if [ -z "$tls" ]; then more="mqtt.port: $port"; else more="mqtt.port: $port, mqtt.tls with ca.pem (docs/mqtt.md)"; fi
            say "Next, on the node: node: $1, mqtt.host, $more and mqtt.username: $1" \
                "in /etc/fer-edge/config.yaml; the password, as one line," \
                "in /etc/credstore/fer-edge.mqtt-password (root, mode 600); then: sudo systemctl restart fer-edge"
            ;;
    esac
}

named() {
    case $NAME in
        '' | *[!A-Za-z0-9_-]*) fail 2 "$ACTION needs a user name: letters, digits, - and _; for a node, its name (setting node)" ;;
    esac
}

add() {
    named
    need mosquitto_passwd mosquitto
    [ -e "$ETC/fer-edge.passwords" ] || fail 1 "run: $0 home$INTO, or: $0 fleet NAME$INTO, first"
    if [ -z "$REPLACE" ] && grep -q "^$1:" "$ETC/fer-edge.passwords"; then
        fail 1 "$1: has a password already; a new one locks out whoever uses it: $0 add $1$INTO --replace"
    fi
    password=$(head -c 18 /dev/urandom | base64 | tr '+/' '-_')
    mosquitto_passwd -b "$ETC/fer-edge.passwords" "$1" "$password" 2>/dev/null ||
        fail 1 "$ETC/fer-edge.passwords: cannot be written; try: sudo $0 add $1$INTO"
    for_mosquitto "$ETC/fer-edge.passwords"
    # On standard output nothing but the password, so that it can be piped.
    say "$password"
    next_step "$1" >&2
    reload
}

remove() {
    named
    need mosquitto_passwd mosquitto
    grep -q "^$1:" "$ETC/fer-edge.passwords" 2>/dev/null || fail 1 "$1: no such user in $ETC/fer-edge.passwords"
    mosquitto_passwd -D "$ETC/fer-edge.passwords" "$1" 2>/dev/null ||
        fail 1 "$ETC/fer-edge.passwords: cannot be written; try: sudo $0 remove $1$INTO"
    for_mosquitto "$ETC/fer-edge.passwords"
    reload
}

ACTION='' NAME='' PORT='' SEEN_AS='' REPLACE=''
while [ $# -gt 0 ]; do
    case $1 in
        --port | --into | --as)
            case ${2:-} in
                '') fail 2 "$1 needs a value" ;;
                *[[:cntrl:]]*) fail 2 "$1: the value contains a line break or another control character; choose one without" ;;
            esac
            case $1 in --into) ETC=$2 ;; --as) SEEN_AS=$2 ;; *) PORT=$2 ;; esac
            shift
            ;;
        --replace) REPLACE=yes ;;
        -h | --help) usage && exit 0 ;;
        -*) fail 2 "$1: unknown option; see $0 --help" ;;
        home | fleet | add | remove) if [ -z "$ACTION" ]; then ACTION=$1; else NAME=$1; fi ;;
        *)
            if [ -z "$ACTION" ] || [ -n "$NAME" ]; then fail 2 "$1: unexpected argument; see $0 --help"; fi
            NAME=$1
            ;;
    esac
    shift
done
[ -n "$ACTION" ] || fail 2 "give home, fleet NAME, add USER or remove USER; see $0 --help"
case ${PORT:-1} in *[!0-9]* | ??????*) PORT=0 ;; esac
if [ "${PORT:-1}" -lt 1 ] || [ "${PORT:-1}" -gt 65535 ]; then fail 2 "--port needs a number from 1 to 65535"; fi
if [ "$ETC" = /etc/mosquitto ] && [ "$(id -u)" -ne 0 ]; then fail 1 "must be run as root; try: sudo $0 $ACTION $NAME"; fi
INTO=''
if [ "$ETC" != /etc/mosquitto ]; then INTO=" --into $ETC"; fi
umask 022
"$ACTION" "$NAME"
