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
#                     lock (what the lock costs posting, paying, reconciling, sending), install
#   --sizes A,B       numbers of invoices to credit at once (1,10,100,1000)
#   --pages A,B       numbers of documents of a customer (10,10000,150000)
#   --lock N          number of invoices to post, pay, reconcile and send (200)
#   --install N       number of invoices in the database to install in (300000)
#   --repeat N        measure each so many times and take the median (3; 1000 invoices once)
#   --output FILE     write the tables there, too

only=credit,tab,lock,install pass=() install=300000
while [ $# -gt 0 ]; do
    case $1 in
    --only | --sizes | --pages | --lock | --install | --repeat | --output)
        [ $# -gt 1 ] || die "$1 wants a value, see --help"
        case $1 in
        --only)
            [[ $2 =~ ^(credit|tab|lock|install)(,(credit|tab|lock|install))*$ ]] || die "--only knows credit, tab, lock and install"
            only=$2
            ;;
        --install)
            [[ $2 =~ ^[0-9]+$ ]] || die "--install wants a number"
            install=$2
            ;;
        --output) pass+=(--output "$(realpath "$2")") ;;
        *)
            [[ $2 =~ ^[0-9]+(,[0-9]+)*$ ]] || die "$1 wants a number, or numbers with commas between"
            pass+=("$1" "$2")
            ;;
        esac
        shift
        ;;
    *) die "unknown option $1, see --help" ;;
    esac
    shift
done

setup_odoo
ensure_template
drop_left_databases

new_run_database with with
new_run_database without without
for database in "$with" "$without"; do copy_template "$database"; done
say "Installing the addon in one of two databases"
quietly bench-install.log "Installing the addon" \
    "${ODOO[@]}" -c "$ODOO_CONF" -d "$with" -i "$ADDON" --no-http --max-cron-threads=0 --stop-after-init
run_child "$VENV/bin/python" "$DEV/lib/bench.py" --conf "$ODOO_CONF" --with "$with" --without "$without" \
    --addon "$ADDON" --only "$only" --install "$install" "${pass[@]}"
