# shellcheck shell=bash
# What every command shares: where things lie, how we speak, how we clean up.
set -euo pipefail
umask 022

ADDON=account_partner_credit_note
REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
DEV=$REPO/dev
: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
export HOME
CACHE=${ACCOUNT_PARTNER_CREDIT_NOTE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/account_partner_credit_note}
LOGS=$CACHE/logs

say() { printf '==> %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}${PROOF:+ $(basename "$PROOF" .sh)}" "$*" >&2
    exit 1
}

# The help of a command, and of a proof of dev/check, is the comment at its top.
show_help() { sed -n '2,/^\([^#]\|$\)/{s/^# \{0,1\}//p}' "${PROOF:-$0}"; }

# parse_arguments 'FLAG...' 'OPTION...' ARGUMENT...: sets the variable of each name that is given, to 1 or to
# its value, and WORDS to what is no option. That is refused unless the options end with `WORDS`.
WORDS=()
parse_arguments() {
    local flags=" $1 " options=" $2 " name
    shift 2
    while [ $# -gt 0 ]; do
        name=${1#--}
        case $1 in
        -h | --help) show_help && exit ;;
        --*)
            if [[ $flags == *" $name "* ]]; then
                printf -v "$name" 1
            elif [[ $options == *" $name "* ]]; then
                [ $# -gt 1 ] || die "$1 wants a value, see --help"
                printf -v "$name" %s "$2"
                shift
            else
                die "unknown option $1, see --help"
            fi
            ;;
        *)
            [[ $options == *" WORDS "* && $1 != -* ]] || die "unknown argument $1, see --help"
            WORDS+=("$1")
            ;;
        esac
        shift
    done
}

# want_numbers NAME...: these variables are numbers, or several with commas between, or empty.
want_numbers() {
    local name
    for name in "$@"; do
        [[ ${!name} =~ ^([0-9]+(,[0-9]+)*)?$ ]] || die "--$name wants a number, see --help"
    done
}

# pass_on NAME...: fills PASS with the options of these variables that are not empty.
pass_on() {
    local name
    for name in "$@"; do
        [ -z "${!name}" ] || PASS+=("--$name" "${!name}")
    done
}
PASS=()

short_hash() { sha256sum | cut -c1-12; }
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ]; }

# --- clean-up -------------------------------------------------------------
# On every way out what was started is stopped, then the commands of on_exit run, the last one first.
CLEANUP=()
CHILDREN=()
LOCK_FDS=()

on_exit() { CLEANUP+=("$(printf '%q ' "$@")"); }

_cleanup() {
    local status=$? i
    trap '' INT TERM HUP
    set +e
    _stop_children
    # A step that was interrupted still holds its lock, and cleaning up may want that very lock.
    for i in "${LOCK_FDS[@]}"; do exec {i}>&-; done
    LOCK_FDS=()
    for ((i = ${#CLEANUP[@]} - 1; i >= 0; i--)); do eval "${CLEANUP[i]}"; done
    exit "$status"
}
trap _cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# A child gets a session of its own: Ctrl-C then reaches this script alone, and
# this script stops what it started, with everything below it, and nothing else.
start_child() {
    setsid "$@" </dev/null &
    CHILD=$!
    CHILDREN+=("$CHILD")
}

wait_child() {
    local status=0 pid running=()
    wait "$1" || status=$?
    for pid in "${CHILDREN[@]}"; do
        [ "$pid" = "$1" ] || running+=("$pid")
    done
    CHILDREN=("${running[@]}")
    return "$status"
}

run_child() {
    start_child "$@"
    wait_child "$CHILD"
}

_stop_children() {
    local pid tries
    for pid in "${CHILDREN[@]}"; do
        kill -TERM -- "-$pid" 2>/dev/null || continue
        for ((tries = 0; tries < 100; tries++)); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL -- "-$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
}

# --- long steps -----------------------------------------------------------
# quietly LOG WHAT COMMAND...: the output goes to a log; a failure is explained in a sentence.
quietly() {
    local log=$LOGS/$1 what=$2
    shift 2
    mkdir -p "$LOGS"
    run_child "$@" >"$log" 2>&1 || fail_with_log "$log" "$what"
}

fail_with_log() {
    local log=$1 what=$2
    if grep -qi 'no space left on device\|not enough free space\|disk quota exceeded' "$log"; then
        die "$what failed because the disk is full; free some space ($(free_mb "$CACHE") MB left under $CACHE) and run this again: it goes on where it stopped."
    elif grep -qi 'temporary failure\|could not resolve\|could not connect\|cannot initiate the connection\|connection \(refused\|timed out\|failed\)\|network is unreachable\|failed to establish\|name resolution\|failed to fetch\|EAI_AGAIN\|ENOTFOUND' "$log"; then
        tail -n 3 "$log" >&2
        die "$what failed because the package registry could not be reached; check the network (and the proxy) and run this again: it goes on where it stopped."
    fi
    tail -n 15 "$log" >&2
    die "$what failed; the whole log is $log"
}

free_mb() {
    local dir=$1
    while [ ! -d "$dir" ]; do dir=$(dirname "$dir"); done
    df -Pm "$dir" | awk 'NR == 2 {print $4}'
}

need_disk() {
    local mb=$1 dir=$2 free
    free=$(free_mb "$dir")
    [ "$free" -ge "$mb" ] || die "not enough disk: $mb MB are needed under $dir and only $free MB are free."
}

# --- locks ----------------------------------------------------------------
# locked NAME COMMAND...: one set-up step at a time, however many commands run.
locked() {
    local name=$1 fd
    shift
    mkdir -p "$CACHE/locks"
    exec {fd}>"$CACHE/locks/$name"
    LOCK_FDS+=("$fd")
    if ! flock -n "$fd"; then
        say "Waiting for another run that is setting up ($name)"
        run_child flock "$fd"
    fi
    "$@"
    exec {fd}>&-
    unset 'LOCK_FDS[-1]'
}

prepare_cache() {
    mkdir -p "$CACHE" 2>/dev/null || die "the cache folder $CACHE cannot be made; set ACCOUNT_PARTNER_CREDIT_NOTE_CACHE to a folder that can."
    [ -w "$CACHE" ] || die "the cache folder $CACHE cannot be written; set ACCOUNT_PARTNER_CREDIT_NOTE_CACHE to a folder that can."
    CACHE=$(cd "$CACHE" && pwd -P)
    LOGS=$CACHE/logs
    case $CACHE/ in
    "$REPO"/*) die "the cache folder $CACHE lies inside the repository; set ACCOUNT_PARTNER_CREDIT_NOTE_CACHE to a folder elsewhere." ;;
    esac
    mkdir -p "$LOGS"
}
