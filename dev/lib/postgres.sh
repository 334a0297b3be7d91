# shellcheck shell=bash
# A PostgreSQL cluster of our own: reached through a socket only, so that no port is taken and no
# other cluster of the machine is touched. Several commands share it; the last one stops it.

PG_ROLE=odoo_dev

# Sets PG_BIN, PG_HOME, PG_DATA, PG_SOCKET; starts the cluster.
ensure_postgres() {
    _find_postgres || {
        ensure_packages "PostgreSQL" "${PACKAGES_POSTGRES[@]}"
        _find_postgres || die "PostgreSQL 13 or later was not found under /usr/lib/postgresql."
    }
    if is_root; then
        # PostgreSQL refuses to run as root, and the user it runs as cannot enter /root.
        PG_HOME=/var/lib/$ADDON-dev/$(printf %s "$CACHE" | short_hash)
        id postgres >/dev/null 2>&1 || ensure_packages "PostgreSQL" "${PACKAGES_POSTGRES[@]}"
    else
        PG_HOME=$CACHE/postgres
    fi
    PG_DATA=$PG_HOME/data-$PG_MAJOR
    PG_SOCKET=$PG_HOME/socket
    # A socket's path has at most 107 characters.
    if [ ${#PG_SOCKET} -gt 80 ]; then PG_SOCKET=/tmp/$ADDON-$(id -u)-$(printf %s "$CACHE" | short_hash); fi
    mkdir -p "$CACHE/locks"
    exec {PG_USERS_FD}>"$CACHE/locks/postgres-users"
    on_exit release_postgres
    locked postgres _start_postgres
}

_find_postgres() {
    local bin
    PG_BIN=
    for bin in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V); do
        if [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ]; then PG_BIN=$bin; fi
    done
    [ -n "$PG_BIN" ] || return 1
    PG_MAJOR=$(basename "$(dirname "$PG_BIN")")
    [ "$PG_MAJOR" -ge 13 ]
}

# As the user who owns the cluster, and without the locks that this script holds: the server outlives it.
_as_owner() {
    (
        for fd in "/proc/$BASHPID/fd"/*; do
            fd=${fd##*/}
            if [ "$fd" -gt 2 ]; then exec {fd}>&-; fi
        done
        cd /
        if is_root; then
            exec setsid -w runuser -u postgres -- "$@"
        else
            exec setsid -w "$@"
        fi
    ) </dev/null
}

_own_folder() {
    mkdir -p "$1"
    chmod 700 "$1"
    if is_root; then chown postgres: "$1"; fi
}

_start_postgres() {
    flock -s "$PG_USERS_FD"
    local log=$LOGS/postgres-setup.log
    # The folder of the home may be entered: what is private is in it.
    mkdir -p "$PG_HOME"
    _own_folder "$PG_SOCKET"
    if [ ! -f "$PG_DATA/PG_VERSION" ]; then
        say "Making a PostgreSQL $PG_MAJOR cluster for development"
        need_disk 1000 "$PG_HOME"
        rm -rf "$PG_DATA.new"
        _own_folder "$PG_DATA.new"
        _as_owner "$PG_BIN/initdb" -D "$PG_DATA.new" -U "$PG_ROLE" -A trust -E UTF8 --locale=C.UTF-8 -N >"$log" 2>&1 ||
            fail_with_log "$log" "Making the PostgreSQL cluster"
        mv "$PG_DATA.new" "$PG_DATA"
    fi
    if ! _as_owner "$PG_BIN/pg_ctl" -D "$PG_DATA" status >/dev/null 2>&1; then
        # Data for development: a lost commit after a power cut is no harm, a damaged file would be.
        _as_owner "$PG_BIN/pg_ctl" -D "$PG_DATA" -w -t 120 -s -l "$PG_DATA/server.log" start -o "\
            -c listen_addresses='' -c unix_socket_directories='$PG_SOCKET' -c unix_socket_permissions=0700 \
            -c max_connections=200 -c shared_buffers=256MB -c max_wal_size=2GB -c jit=off \
            -c synchronous_commit=off $PG_EXTRA" >"$log" 2>&1 || {
            cat "$PG_DATA/server.log" >>"$log" 2>/dev/null || true
            fail_with_log "$log" "Starting PostgreSQL"
        }
    fi
}
PG_EXTRA=${PG_EXTRA:-}

# The lock that all users share tells whether somebody else is still there.
release_postgres() {
    flock -u "$PG_USERS_FD"
    locked postgres _stop_unused_postgres
    exec {PG_USERS_FD}>&-
}

_stop_unused_postgres() {
    flock -xn "$PG_USERS_FD" || return 0
    _as_owner "$PG_BIN/pg_ctl" -D "$PG_DATA" -m fast -w -s stop >/dev/null 2>&1 || true
}

pg() {
    local tool=$1
    shift
    PGOPTIONS="-c client_min_messages=warning" "$PG_BIN/$tool" -h "$PG_SOCKET" -U "$PG_ROLE" "$@"
}

sql() {
    local database=$1
    shift
    pg psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$database" -c "$*" </dev/null
}
