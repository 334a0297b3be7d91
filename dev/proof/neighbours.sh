# shellcheck shell=bash
# dev/check neighbours [--together] [ADDON...]
#
# Uses the dialog beside each addon that extends Odoo's reversal.
#
# Installs this addon beside each of these, in a database of its own, opens the views of both, issues
# a credit note in the dialog and one with Odoo's own button, and prints them; beside a localization
# in a company of its country, too. Without a name: the community's account_invoice_refund_link and
# account_invoice_refund_code, the addons of Odoo that extend Odoo's reversal, and some large
# localizations. A warning in Odoo's log that names this addon fails it.
#
#   --together     all of them in one database; without a name: every addon of Odoo that extends the
#                  form of the customer or of the invoice

COMMUNITY=(account_invoice_refund_link account_invoice_refund_code)
LOCALIZATIONS=(l10n_be l10n_de l10n_fr_account l10n_it_edi l10n_nl l10n_pe)
together=''
parse_arguments together WORDS "$@"
names=("${WORDS[@]}")

# addons_with REGEX: those of Odoo, but for `account`, with a file that it matches.
addons_with() {
    local folder
    for folder in "${ODOO_ADDONS[@]}"; do
        (cd "$folder" && grep -rlE "$1" --include='*.py' --include='*.xml' \
            --exclude-dir=tests --exclude-dir=demo .)
    done | cut -d/ -f2 | grep -vx account | sort -u
}

setup_odoo
ensure_template
drop_left_databases
if [ ${#names[@]} = 0 ] && [ -n "$together" ]; then
    mapfile -t names < <(addons_with 'ref="(base\.view_partner_form|account\.view_move_form)"')
elif [ ${#names[@]} = 0 ]; then
    mapfile -t names < <(
        printf '%s\n' "${COMMUNITY[@]}"
        {
            addons_with 'account[._]move[._]reversal|def _(reverse_moves|reconcile_reversed_moves)\b'
            printf '%s\n' "${LOCALIZATIONS[@]}"
        } | sort -u
    )
fi

# Of the community, from PyPI, and never part of the product.
community=$CACHE/neighbours
for name in "${COMMUNITY[@]}"; do
    [ -d "$community/odoo/addons/$name" ] || quietly "neighbours-pip.log" "Fetching $name from PyPI" \
        "$VENV/bin/python" -m pip install -q --no-deps --target "$community" "odoo-addon-$name>=19.0,<20.0"
done

failed=()
# check_neighbours WHAT ADDON...
check_neighbours() {
    local what=$1 database log
    shift
    log=$LOGS/neighbours-$what.log
    new_run_database database
    copy_template "$database"
    local paths=$ADDONS_PATH,$community/odoo/addons
    if run_child "${ODOO[@]}" -c "$ODOO_CONF" --addons-path "$paths" -d "$database" \
        -i "$(IFS=, && echo "$*"),$ADDON" --no-http --max-cron-threads=0 --stop-after-init >"$log" 2>&1 &&
        NEIGHBOURS="$*" "${ODOO[@]}" shell -c "$ODOO_CONF" --addons-path "$paths" -d "$database" --no-http \
            <"$DEV/lib/neighbours.py" 2>>"$log" | tee -a "$log" | grep -qx passed &&
        ! grep -aE '^[0-9-]{10} [0-9:,]+ [0-9]+ (WARNING|ERROR|CRITICAL) ' "$log" | grep -q "$ADDON"; then
        note "passed  $what$(grep -a '^in ' "$log" | tail -n 1 | sed 's/^/, /')"
    else
        note "FAILED  $what, see $log"
        failed+=("$what")
    fi
    drop_run_database "$database"
}
if [ -n "$together" ]; then
    say "${#names[@]} addons in one database"
    check_neighbours together "${names[@]}"
else
    for name in "${names[@]}"; do check_neighbours "$name" "$name"; done
fi
[ ${#failed[@]} -eq 0 ] || die "not well beside: ${failed[*]}"
