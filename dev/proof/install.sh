# shellcheck shell=bash
# dev/check install
#
# Installs, upgrades, uses and uninstalls the addon, in databases with years of documents.
#
# In databases of its own (a few minutes):
#   - where years of invoices and credit notes of two companies are there already: what is left to
#     credit is right at once, an upgrade changes nothing, and after uninstalling documents, links and
#     PDFs are there and the database's schema is as it was;
#   - without demo data, in French, and in a company without a chart of accounts.
# Any warning or error in Odoo's log fails it.

[ $# = 0 ] || die "unknown option $1, see --help"

setup_odoo
ensure_template
drop_left_databases
work=$(mktemp -d)
log=$LOGS/install-check.log
: >"$log"
on_exit rm -rf "$work"

run_odoo() {
    local what=$1
    shift
    say "$what"
    run_child "${ODOO[@]}" -c "$ODOO_CONF" -d "$database" --no-http --max-cron-threads=0 --stop-after-init "$@" \
        >>"$log" 2>&1 || fail_with_log "$log" "$what"
}

# step NAME SENTENCE: a function of lib/install_check.py.
step() {
    say "$2"
    STEP=$1 STATE=$work/state.json PYTHONPATH=$PYTHONPATH:$DEV/lib "${ODOO[@]}" shell -c "$ODOO_CONF" -d "$database" --no-http \
        <"$DEV/lib/install_check.py" >"$work/out" 2>>"$log" || true
    grep -q "^passed $1" "$work/out" || {
        cat "$work/out" >&2
        fail_with_log "$log" "$2"
    }
}

new_run_database database
copy_template "$database"
step make_history "Years of invoices and credit notes in two companies"
run_odoo "Installing" -i "$ADDON"
step check_history "What is left to credit is right at once"
run_odoo "Upgrading" -u "$ADDON"
step check_upgrade "An upgrade changes nothing"
step credit "Crediting all of it"
step uninstall "Uninstalling"
step check_uninstalled "Documents, links and PDFs are there, and Odoo is as it was"

new_run_database database
pg createdb -T template0 -E UTF8 --lc-collate=C "$database"
mkdir -p "$ODOO_DATA/filestore/$database"
run_odoo "Installing without demo data, in French" -i "$ADDON" --load-language fr_FR
step check_bare "It works there, and in a company without a chart of accounts"

# --- the log --------------------------------------------------------------
if grep -aE '^[0-9-]{10} [0-9:,]+ [0-9]+ (WARNING|ERROR|CRITICAL) ' "$log" |
    grep -vEf <(grep -v '^#' "$DEV/lib/install-log-ignore.txt") >&2; then
    die "warnings in Odoo's log, see $log"
fi
say "Passed"
