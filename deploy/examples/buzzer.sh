#!/usr/bin/env bash
# Sounds a buzzer while a driver sleeps.
#
#   BROKER=broker.local PIN=17 ./buzzer.sh
#
# ON and OFF are the commands that switch it, for anything other than a pin of a Raspberry Pi. A broker with passwords: put
# the options "-u viewer" and "-P PASSWORD" into ~/.config/mosquitto_sub, a line each, and keep the file to yourself (chmod 600).
set -euo pipefail

broker=${BROKER:-localhost} port=${PORT:-1883} node=${NODE:-+} pin=${PIN:-17}
on=${ON:-pinctrl set $pin op dh} off=${OFF:-pinctrl set $pin op dl}

for program in mosquitto_sub jq; do
    command -v "$program" >/dev/null || { echo "buzzer.sh: $program is missing: sudo apt install mosquitto-clients jq" >&2; exit 69; }
done
trap '$off' EXIT
trap 'exit 0' INT TERM

# Whose driver sleeps: what ends in one vehicle must not silence another.
declare -A asleep=()
sleeps() { asleep[$1]=yes && $on; }
awake() {
    unset 'asleep[$1]'
    if [ "${#asleep[@]}" -eq 0 ]; then $off; fi
}

# One line a message: its topic, then what matters of it. A node that dies can end no event, so its status counts, too.
mosquitto_sub -h "$broker" -p "$port" -q 1 -F '%t %p' -t "fer-edge/$node/event/fatigue" -t "fer-edge/$node/status" |
    while read -r topic payload; do
        case $topic in
        */status) if [ "$payload" = offline ]; then awake "${topic%/status}"; fi ;;
        *)
            case $(jq -r '"\(.event_type) \(.phase) \(.historical)"' <<<"$payload" 2>/dev/null) in
            "sleep end "* | "unresponsive end "*) awake "${topic%/event/*}" ;;
            "sleep "*" false" | "unresponsive "*" false") sleeps "${topic%/event/*}" ;;
            esac
            ;;
        esac
    done
