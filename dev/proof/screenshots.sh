# shellcheck shell=bash
# dev/check screenshots [FOLDER]
#
# Takes the pictures of README.md, the Apps page and docs/ anew, from the running product.
#
# Starts Odoo on a database of its own, does a clerk's work in Chromium, drops the database. Writes
# them into FOLDER/static/description and FOLDER/docs/pictures, by default of this repository.

parse_arguments '' WORDS "$@"
folder=${WORDS[0]:-$REPO}
mkdir -p "$folder/static/description" "$folder/docs/pictures"

setup_odoo
ensure_browser
# Odoo's demo provider gives money back.
ensure_template account_payment payment_demo
drop_left_databases

# --- the database ---
new_run_database database
copy_template "$database"
say "Installing the addon"
install_addon "$database" --with-demo

# --- the servers ---
read -r port gevent_port < <(free_ports)
read -r mail_port _ < <(free_ports)
url=http://127.0.0.1:$port
# wkhtmltopdf fetches the style sheets from here.
sql "$database" "INSERT INTO ir_config_parameter (key, value)
    VALUES ('web.base.url', '$url'), ('web.base.url.freeze', 'True'), ('report.url', '$url')
    ON CONFLICT (key) DO UPDATE SET value = excluded.value"
work=$(mktemp -d)
on_exit rm -rf "$work"
say "Starting Odoo"
start_child "$VENV/bin/python" "$DEV/lib/mail_catcher.py" "$mail_port" "$work/mails"
start_child "${ODOO[@]}" -c "$ODOO_CONF" -d "$database" --db-filter "^$database\$" --workers 0 --max-cron-threads=0 \
    --http-port "$port" --gevent-port "$gevent_port" --smtp 127.0.0.1 --smtp-port "$mail_port" \
    >"$LOGS/screenshots.log" 2>&1

say "Taking the pictures"
run_child "$VENV/bin/python" "$DEV/lib/screenshots.py" "$url" "$(find_browser)" "$folder/static/description" &&
    run_child "$VENV/bin/python" "$DEV/lib/screenshots_around.py" "$url" "$(find_browser)" "$folder/docs/pictures" ||
    die "taking the pictures failed; Odoo's log is $LOGS/screenshots.log"
