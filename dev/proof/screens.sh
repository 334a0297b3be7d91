# shellcheck shell=bash
# dev/check screens [SCREEN...]
#
# No text is cut and axe-core finds nothing serious on the addon's screens, in three languages and four sizes.
#
# Starts Odoo on a database of its own and opens each screen of dev/lib/screens.py in Chromium, or those that
# are named. axe-core comes from npm, into the cache folder. Pictures of all screens are left in the cache, too.

AXE=4.14.1

parse_arguments '' WORDS "$@"

setup_odoo
ensure_browser
ensure_template
drop_left_databases

# --- axe-core ---
fetch_axe() {
    have npm || ensure_packages "npm" npm
    mkdir -p "$CACHE/axe-core-$AXE"
    quietly npm.log "Fetching axe-core from npm" \
        bash -c 'cd "$1" && npm pack --silent "axe-core@$2" && tar -xzf "axe-core-$2.tgz" --strip-components=1 package/axe.min.js' \
        _ "$CACHE/axe-core-$AXE" "$AXE"
}
axe=$CACHE/axe-core-$AXE/axe.min.js
[ -f "$axe" ] || locked axe fetch_axe

# --- the database ---
new_run_database database
copy_template "$database"
say "Installing the addon"
install_addon "$database" --with-demo
say "Making documents"
quietly screens-data.log "Making documents" bash -c '"$@" <"$0"' "$DEV/lib/demo_data.py" \
    "${ODOO[@]}" shell -c "$ODOO_CONF" -d "$database" --no-http

# --- the servers ---
read -r port gevent_port < <(free_ports)
say "Starting Odoo"
start_child "${ODOO[@]}" -c "$ODOO_CONF" -d "$database" --db-filter "^$database\$" --workers 0 --max-cron-threads=0 \
    --http-port "$port" --gevent-port "$gevent_port" >"$LOGS/screens.log" 2>&1
wait_for_server "http://127.0.0.1:$port"

say "Looking at the screens"
run_child "$VENV/bin/python" "$DEV/lib/screens.py" "http://127.0.0.1:$port" "$(find_browser)" "$axe" "$CACHE/screens" "${WORDS[@]}" ||
    die "see above; the pictures are in $CACHE/screens, Odoo's log is $LOGS/screens.log"
