# shellcheck shell=bash
# Virtual environments, one for Odoo and its tests, one for lint.

# Odoo 19 runs on Python 3.10 to 3.14; the system's own comes first, because that is what the
# apt packages of python.sh belong to.
_find_python() {
    local candidate
    for candidate in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1; then
            PYTHON=$(command -v "$candidate")
            return 0
        fi
    done
    return 1
}

find_python() {
    _find_python && return
    ensure_packages "Python" "${PACKAGES_PYTHON[@]}"
    _find_python || die "no Python 3.10 to 3.14 with venv was found, and Odoo 19 runs on those alone; install one."
}

# ensure_venv NAME REQUIREMENTS...: sets VENV.
ensure_venv() {
    local name=$1 key
    shift
    find_python
    key=$( ("$PYTHON" -VV && cat "$@") | short_hash)
    VENV=$CACHE/venv/$name-$key
    [ -f "$VENV/complete" ] || locked "venv-$name" _make_venv "$name" "$@"
}

_make_venv() {
    local name=$1 requirements=() file
    shift
    [ ! -f "$VENV/complete" ] || return 0
    need_disk 1500 "$CACHE"
    say "Installing the Python libraries ($name) from PyPI"
    for file in "$@"; do requirements+=(-r "$file"); done
    quietly "venv-$name.log" "Making a Python virtual environment" "$PYTHON" -m venv --clear "$VENV"
    quietly "pip-$name.log" "Installing the Python libraries ($name)" \
        "$VENV/bin/python" -m pip install --no-input --disable-pip-version-check -q "${requirements[@]}"
    touch "$VENV/complete"
}

# Two ports that nothing listens on.
free_ports() {
    "$VENV/bin/python" - <<'END'
import socket

sockets = [socket.socket() for _ in range(2)]
for item in sockets:
    item.bind(("127.0.0.1", 0))
print(*(item.getsockname()[1] for item in sockets))
END
}
