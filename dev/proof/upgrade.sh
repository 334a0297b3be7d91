# shellcheck shell=bash
# dev/check upgrade
#
# Installs the released 19.0.1.0.0, works with it, upgrades to this version, uninstalls and installs again.
#
# The release comes from the history of this repository. In it are made: credit notes of the whole and of
# parts, drafts, a foreign currency, archived PDFs, a batch that is done, one of which something failed and one
# that waits, entries of the log, reasons and an e-mail of the company's own. After the upgrade nothing of it
# has changed, in any column that the release had; all issued documents are sealed, as `dev/check seal` says, and
# the database refuses to change them; what was begun goes on. After uninstalling, documents, links and files
# are there and Odoo is as it was; installed again, all is right and sealed. A warning in Odoo's log fails it.

parse_arguments '' '' "$@"
# What was installed as 19.0.1.0.0.
RELEASE=00ede359d49da13568c3cb678b803c27001dd433

setup_odoo
ensure_template
drop_left_databases
work=$(mktemp -d)
on_exit rm -rf "$work"
log=$LOGS/upgrade-check.log
: >"$log"
mkdir "$work/$ADDON"
git -C "$REPO" archive "$RELEASE" | tar -x -C "$work/$ADDON" ||
    die "the release is not in the history of this repository: fetch all of it (git fetch --unshallow)"
released=$(IFS=, && echo "${ODOO_ADDONS[*]}"),$work

new_run_database database
copy_template "$database"

# run_odoo SENTENCE PATH OPTION...
run_odoo() {
    say "$1"
    run_child "${ODOO[@]}" -c "$ODOO_CONF" --addons-path "$2" -d "$database" --no-http --max-cron-threads=0 \
        --stop-after-init "${@:3}" >>"$log" 2>&1 || fail_with_log "$log" "$1"
}

# step NAME SENTENCE PATH: a function of lib/upgrade_check.py.
step() {
    say "$2"
    STEP=$1 STATE=$work/state.json PYTHONPATH=$PYTHONPATH:$DEV/lib "${ODOO[@]}" shell -c "$ODOO_CONF" --addons-path "$3" -d "$database" --no-http \
        <"$DEV/lib/upgrade_check.py" >"$work/out" 2>>"$log" || true
    grep -q "^passed $1" "$work/out" || {
        cat "$work/out" >&2
        fail_with_log "$log" "$2"
    }
}

check_seals() {
    say "The seals agree with the documents"
    run_child "$VENV/bin/python" "$DEV/../models/lock/check_seal.py" "host=$PG_SOCKET user=$PG_ROLE dbname=$database" >"$work/out" 2>&1 || {
        cat "$work/out" >&2
        die "dev/check seal finds changes"
    }
    note "$(tail -n 1 "$work/out")"
}

step note_schema "Odoo without the addon" "$ADDONS_PATH"
run_odoo "Installing 19.0.1.0.0" "$released" -i "$ADDON"
step work "Working with it" "$released"
run_odoo "Upgrading to this version" "$ADDONS_PATH" -u "$ADDON"
step check_upgraded "Nothing of it has changed" "$ADDONS_PATH"
check_seals
step go_on "What was begun goes on" "$ADDONS_PATH"
check_seals
step uninstall "Uninstalling" "$ADDONS_PATH"
step check_uninstalled "Documents, links and files are there, and Odoo is as it was" "$ADDONS_PATH"
run_odoo "Installing again" "$ADDONS_PATH" -i "$ADDON"
step check_installed_again "All is right again" "$ADDONS_PATH"
check_seals

if grep -aE '^[0-9-]{10} [0-9:,]+ [0-9]+ (WARNING|ERROR|CRITICAL) ' "$log" |
    grep -vEf <(grep -v '^#' "$DEV/lib/install-log-ignore.txt") >&2; then
    die "warnings in Odoo's log, see $log"
fi
say "Passed"
