# shellcheck shell=bash
# dev/check rules [OPTION...]
#
# Checks the electronic files of random credit notes against the official rules.
#
# Makes random invoices in three countries, credits them in random parts by all methods, and applies the
# rules of EN 16931, Peppol BIS 3 and XRechnung to the files of both: Peppol BIS 3, XRechnung, NLCIUS,
# Factur-X. Compares cent by cent, too: journal items, the document's fields, its printed totals and the
# totals of the files. Fails when a credit note breaks what its own invoice keeps.
#
#   --count N        so many credit notes (1000)
#   --seed N         the same documents as the run that printed this seed
#   --rules FOLDER   where the rules are (default: $EINVOICE_RULES, else the folder `rules` of the cache)
#   --keep FOLDER    keep the files that break a rule there
#
# The rules are no part of this repository. They are three public ones of GitHub, to be cloned into that
# folder: OpenPEPPOL/peppol-bis-invoice-3, ConnectingEurope/eInvoicing-EN16931 and
# itplr-kosit/xrechnung-schematron.

count=1000 seed=$RANDOM rules=${EINVOICE_RULES:-} keep=''
parse_arguments '' 'count seed rules keep' "$@"
want_numbers count seed

prepare_cache
rules=${rules:-$CACHE/rules}
for repository in OpenPEPPOL/peppol-bis-invoice-3 ConnectingEurope/eInvoicing-EN16931 itplr-kosit/xrechnung-schematron; do
    [ -d "$rules/${repository#*/}" ] ||
        die "the official rules are not there: clone GitHub's public repository $repository to $rules/${repository#*/}."
done
ensure_venv rules "$DEV/requirements/rules.txt"
rules_python=$VENV/bin/python
setup_odoo
ensure_template
drop_left_databases

database=test_run_$$_$RANDOM
claim_database "$database"
work=$(mktemp -d)
clean_up() {
    drop_database "$database"
    rm -rf "$CACHE/databases/$database" "$work"
}
on_exit clean_up
copy_template "$database"
say "Installing the addon"
install_addon "$database"
say "Making $count credit notes and checking their files (--seed $seed)"
files=${keep:-$work}
mkdir -p "$files"
# Saxon and Odoo each in their own Python.
run_child "$rules_python" "$DEV/lib/rules/check.py" --rules "$rules" --keep "$files" --log "$LOGS/rules-$database.log" -- \
    "$VENV/bin/python" "$DEV/lib/rules/documents.py" \
    --conf "$ODOO_CONF" --db "$database" --folder "$files" --count "$count" --seed "$seed" ||
    die "credit notes are not as they should be, or could not be made"
say "Passed"
