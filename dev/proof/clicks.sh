# shellcheck shell=bash
# dev/check clicks [FILE]
#
# Counts clicks and seconds of the clerk's jobs in a browser, beside Odoo's own way.
#
# Starts Odoo twice, with the addon and without it, on databases of their own with the same documents,
# and does each job in Chromium. Writes the table into FILE, by default docs/clicks.md.

parse_arguments '' WORDS "$@"
file=$(realpath -m "${WORDS[0]:-$REPO/docs/clicks.md}")

setup_odoo
ensure_browser
ensure_template
drop_left_databases

new_run_database with with
new_run_database without without
copy_template "$with"
copy_template "$without"
say "Installing the addon"
install_addon "$with" --with-demo

# start_odoo DATABASE: sets URL.
start_odoo() {
    local port gevent_port
    read -r port gevent_port < <(free_ports)
    start_child "${ODOO[@]}" -c "$ODOO_CONF" -d "$1" --db-filter "^$1\$" --workers 0 --max-cron-threads=0 \
        --http-port "$port" --gevent-port "$gevent_port" >"$LOGS/clicks-$1.log" 2>&1
    URL=http://127.0.0.1:$port
    wait_for_server "$URL"
}

say "Starting Odoo, with the addon and without"
start_odoo "$with"
url_with=$URL
start_odoo "$without"

say "Doing the jobs"
run_child "$VENV/bin/python" "$DEV/lib/clicks.py" "$url_with" "$URL" "$(find_browser)" "$file" ||
    die "see above; Odoo's logs are in $LOGS"
