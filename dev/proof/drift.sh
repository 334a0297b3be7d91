# shellcheck shell=bash
# dev/check drift [OPTION...]
#
# Tells what of Odoo that this addon stands on differs from what it was last proven with.
#
# Of the Odoo in ODOO_PATH: methods and fields that the addon overrides, methods that it wraps (and what
# those call), names or calls privately, and the nodes of views and templates that it extends. For
# each that differs: where the addon uses it, and what has changed since dev/proven.txt was written.
# Reads sources only; needs no database. Fails if anything differs.
#
#   --prove          write dev/proven.txt anew: do it when all tests pass with this Odoo
#   --names          only the names
#   --old FOLDER     the Odoo that dev/proven.txt was written with, to show what has changed; without
#                    it that is Debian's, if it has been fetched

old='' prove='' names='' pass=()
parse_arguments 'prove names' old "$@"
[ -z "$prove" ] || pass+=(--prove)
[ -z "$names" ] || pass+=(--names)

prepare_cache
ensure_venv lint "$DEV/requirements/lint.txt"
tree_of() { printf '%s:%s' "$ODOO_LIB" "$(IFS=: && echo "${ODOO_ADDONS[*]}")"; }
root=$CACHE/odoo/root-$ODOO_RECIPE
[ -n "$old" ] || [ ! -f "$root/complete" ] || old=$root
if [ -n "$old" ]; then
    use_odoo "$old"
    pass+=(--old "$(tree_of)")
fi
ensure_odoo
export PYTHONPYCACHEPREFIX="$CACHE/pycache"
run_child "$VENV/bin/python" "$DEV/lib/drift/drift.py" "${pass[@]}" --name "$ODOO_NAME" \
    "$REPO" "$DEV/proven.txt" "$(tree_of)"
