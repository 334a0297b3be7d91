# shellcheck shell=bash
# dev/check odoo-tests [OPTION...] [SUITE...]
#
# Runs Odoo's own tests without this addon, with lock and guard off, and on, and compares.
#
# Off, every test has to end as without the addon; on, only tests that are listed with their reason in
# dev/lib/odoo-tests-expected.txt may fail besides. Anything else fails the command.
#
# A suite is a name from dev/lib/odoo-tests-suites.txt; without one, all of them run (hours). What a
# run without the addon found is kept and used again, until Odoo changes.
#
#   --only off|on    compare only one of the two
#   --fresh          run the suite without the addon again, too
#   --list           show the suites

SUITES=$DEV/lib/odoo-tests-suites.txt
only='' fresh='' list=''
parse_arguments 'fresh list' 'only WORDS' "$@"
case $only in '' | off | on) ;; *) die "--only wants off or on, see --help" ;; esac
[ -z "$list" ] || { grep -v '^#' "$SUITES" && exit; }
names=("${WORDS[@]}")
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(grep -v '^#' "$SUITES" | cut -d' ' -f1)

setup_odoo
ensure_browser
ensure_template
drop_left_databases
RESULTS=$CACHE/odoo-tests
mkdir -p "$RESULTS" "$CACHE/screenshots"

# run_suite NAME MODE: how each test went is in $RESULTS/NAME-MODE-... afterwards.
run_suite() {
    local suite=$1 mode=$2 modules tags database results port gevent_port
    read -r _ modules tags < <(grep "^$suite " "$SUITES")
    results=$RESULTS/$suite-$mode-$TEMPLATE.txt
    [ "$mode" != without ] || [ -n "$fresh" ] || [ ! -s "$results" ] || return 0
    new_run_database database
    copy_template "$database"
    if [ "$mode" != without ]; then
        install_addon "$database"
    fi
    if [ "$mode" = off ]; then
        # As an administrator does it: open for these companies, and for those that tests make.
        # Odoo takes the rate of the day, which the dialog of credit notes offers besides.
        sql "$database" "UPDATE res_company SET lock_posted_invoices = false, over_credit_policy = 'warn';
            INSERT INTO ir_default (field_id, json_value)
            SELECT id, CASE name WHEN 'over_credit_policy' THEN '\"warn\"' ELSE 'false' END
            FROM ir_model_fields
            WHERE (model, name) IN (('res.company', 'lock_posted_invoices'),
                ('res.company', 'over_credit_policy'), ('account.move.reversal', 'use_invoice_rate'))"
    fi
    read -r port gevent_port < <(free_ports)
    case $mode in
    without) say "Odoo's suite $suite without the addon" ;;
    *) say "Odoo's suite $suite with the lock $mode" ;;
    esac
    # Updating an addon updates this one with it. What fails is told by the comparison.
    run_child "$VENV/bin/python" "$DEV/lib/run_tests.py" --results "$results.new" \
        "$LOGS/odoo-tests-$suite-$mode.log" "$DEV/lib/log-ignore.txt" "$ADDON" -- \
        "${ODOO[@]}" -c "$ODOO_CONF" -d "$database" -i "$modules" -u "$modules" --with-demo \
        --http-port "$port" --gevent-port "$gevent_port" --max-cron-threads=0 \
        --test-tags "$tags" --stop-after-init | tail -1 || true
    [ -s "$results.new" ] || die "the suite $suite ran no test, see $LOGS/odoo-tests-$suite-$mode.log"
    mv "$results.new" "$results"
    drop_run_database "$database"
}

failed=()
for name in "${names[@]}"; do
    grep -q "^$name " "$SUITES" || die "no suite $name, see --list"
    run_suite "$name" without
    for mode in off on; do
        [ -z "$only" ] || [ "$only" = "$mode" ] || continue
        run_suite "$name" "$mode"
        "$VENV/bin/python" "$DEV/lib/compare_tests.py" "$mode" \
            "$RESULTS/$name-without-$TEMPLATE.txt" "$RESULTS/$name-$mode-$TEMPLATE.txt" \
            "$DEV/lib/odoo-tests-expected.txt" || failed+=("$name with the lock $mode")
    done
done
[ ${#failed[@]} -eq 0 ] || die "not as expected: $(printf '%s; ' "${failed[@]}")"
