#!/usr/bin/env bash
# neighbours_tests.sh DATABASE ADDON,... TAG,...
#
# Runs these tests beside these addons, and those that are tagged `neighbours`; run by run_tests.py.
. "$(dirname "$0")/setup.sh"

database=$1 tags=$3,neighbours/$ADDON
IFS=, read -ra addons <<<"$2"

setup_odoo
ensure_template "${addons[@]}"
copy_template "$database"
# Not from a process of its own, which Odoo would find among its children.
read -r port gevent_port <<<"$(free_ports)"
# Odoo is the process that run_tests.py follows and ends. dev/test drops the database.
exec "${ODOO[@]}" -c "$ODOO_CONF" -d "$database" -i "$ADDON" --with-demo \
    --http-port "$port" --gevent-port "$gevent_port" --max-cron-threads=0 --test-tags "$tags" --stop-after-init
