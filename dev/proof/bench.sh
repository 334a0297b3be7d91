# shellcheck shell=bash
# dev/check bench [OPTION...]
#
# Measures this addon beside Odoo without it: queries, time, memory.
#
# Two databases with the same data, one with the addon and one without, take turns in the same run.
# Prints tables of ratios: queries, time, CPU time of the process, memory. Nothing that is measured is
# kept in the databases.
#
#   --only A,B        only these: credit (credit N invoices at once), tab (a customer's invoices),
#                     lock (what the lock costs posting, paying, reconciling, sending),
#                     check (Issued Documents Check), install
#   --sizes A,B       numbers of invoices to credit at once (1,10,100,1000)
#   --pages A,B       numbers of documents of a customer (10,10000,150000)
#   --lock N          number of invoices to post, pay, reconcile and send (200)
#   --check N         number of issued documents to check (150000)
#   --install N       number of invoices in the database to install in (300000)
#   --repeat N        measure each so many times and take the median (3; 1000 invoices once)
#   --output FILE     write the tables there, too

only=credit,tab,lock,check,install install=300000 sizes='' pages='' lock='' check='' repeat='' output=''
parse_arguments '' 'only sizes pages lock check install repeat output' "$@"
[[ $only =~ ^(credit|tab|lock|check|install)(,(credit|tab|lock|check|install))*$ ]] || die "--only knows credit, tab, lock, check and install"
want_numbers sizes pages lock check install repeat
[ -z "$output" ] || output=$(realpath "$output")
pass_on only sizes pages lock check install repeat output

setup_odoo
ensure_template
drop_left_databases

new_run_database with with
new_run_database without without
for database in "$with" "$without"; do copy_template "$database"; done
say "Installing the addon in one of two databases"
install_addon "$with"
run_child "$VENV/bin/python" "$DEV/lib/bench.py" --conf "$ODOO_CONF" --with "$with" --without "$without" \
    --addon "$ADDON" "${PASS[@]}"
