# shellcheck shell=bash
# dev/check stress [OPTION...]
#
# Many sessions credit, pay and print the same invoices at once, on several workers.
#
# On a real server, over HTTP: in the dialog, in the background, by JSON-2, by RPC, by Odoo's own
# Reverse, by hand, as one of several invoices, with approval, of a former system; apply its credit and
# take it off, give it back online; print it for the first time. After each round it reads in the database that no invoice is credited by more than its
# total, the ledger sums to zero and numbers have no gap. Stops by itself.
#
#   --rounds N     so many rounds, instead of two minutes of them
#   --seconds N    for so long
#   --sessions N   so many people at the same invoices at once (4)
#   --lanes N      so many groups of them side by side (2)
#   --workers N    so many processes of the server (4)
#   --only KIND    rounds of one kind, as repeated_request
#   --crashes      kill workers and cut connections to the database now and then
#   --seed N       draw the same as the run that printed this seed
#   --from NAME    in a copy of this database, which has the addon, instead of a fresh one
#   --verbose      tell what each session was answered

workers=4 from='' rounds='' seconds='' sessions='' lanes='' seed='' only='' crashes='' verbose=''
parse_arguments 'crashes verbose' 'rounds seconds sessions lanes workers seed only from' "$@"
want_numbers rounds seconds sessions lanes seed
[[ $workers =~ ^[1-9]$ ]] || die "--workers wants a number from 1 to 9"
[ -z "$rounds" ] || seconds=86400
pass_on rounds seconds sessions lanes seed only
[ -z "$crashes" ] || PASS+=(--crashes)
[ -z "$verbose" ] || PASS+=(--verbose)

setup_odoo
ensure_template
drop_left_databases
new_run_database database
if [ -n "$from" ]; then
    TEMPLATE=$from copy_template "$database"
else
    copy_template "$database"
    install_addon "$database" -i "$ADDON,account_payment,payment_demo"
fi

read -r port gevent_port < <(free_ports)
log=$LOGS/stress-$database.log
# The server starts its second kind of process by its own file's name: `-m odoo` has none.
odoo_bin=$ADDON_PARENT/odoo-bin
echo 'from odoo.cli import main; main()' >"$odoo_bin"
start_child "$VENV/bin/python" "$odoo_bin" -c "$ODOO_CONF" -d "$database" --db-filter "^$database\$" \
    --workers "$workers" --max-cron-threads=2 --http-port "$port" --gevent-port "$gevent_port" >"$log" 2>&1
server=$CHILD
wait_for_server "http://127.0.0.1:$port" || fail_with_log "$log" "Starting Odoo"
say "Crediting the same invoices from many sessions, on $workers workers"
run_child "$VENV/bin/python" "$DEV/lib/stress.py" --url "http://127.0.0.1:$port" --db "$database" \
    --socket "$PG_SOCKET" --role "$PG_ROLE" --master "$server" --log "$log" "${PASS[@]}" ||
    die "two at once did harm; Odoo's log is $log"
