# shellcheck shell=bash
# dev/check wheel [FOLDER]
#
# Builds the wheel, installs it in a clean environment and the addon from it.
#
# From a clone under another name, with pip alone. Fails if the wheel lacks a file of the addon or holds
# one that only its developers need, or if Odoo, which sees nothing of this folder, does not find the
# addon. Leaves the wheel in FOLDER, if one is named.

[[ ${1:-} != -* ]] || die "unknown option $1, see --help"
setup_odoo
ensure_template
drop_left_databases
work=$(mktemp -d)
on_exit rm -rf "$work"

say "Building the wheel"
git clone -q "$REPO" "$work/another-name"
quietly wheel.log "Making a Python virtual environment" "$PYTHON" -m venv "$work/venv"
quietly wheel.log "Building the wheel" "$work/venv/bin/python" -m pip wheel -q --no-deps -w "$work" "$work/another-name"
wheel=$(echo "$work"/odoo_addon_"$ADDON"-*-py3-none-any.whl)
note "${wheel##*/}"
"$PYTHON" -m zipfile -l "$wheel" | awk -v at="odoo/addons/$ADDON/" 'index($1, at) == 1 {print substr($1, length(at) + 1)}' |
    LC_ALL=C sort >"$work/held"
git -C "$work/another-name" ls-files | grep -vE '^(\.|dev/|CONTRIBUTING\.md|pyproject\.toml)' | LC_ALL=C sort >"$work/wanted"
diff "$work/wanted" "$work/held" || die "the wheel holds other files than the addon: < lacks, > holds besides"

# The libraries of Odoo and Odoo itself, and nothing of this folder.
"$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >"$work/odoo.pth"
echo "$ODOO_LIB" >>"$work/odoo.pth"
cp "$work/odoo.pth" "$("$work/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
quietly wheel.log "Installing the wheel" "$work/venv/bin/python" -m pip install -q --no-deps "$wheel"
new_run_database database
copy_template "$database"
say "Installing the addon from it"
cd "$work"
quietly wheel.log "Installing the addon from the wheel" env -u PYTHONPATH "$work/venv/bin/python" -m odoo \
    -c "$ODOO_CONF" --addons-path "$(IFS=, && echo "${ODOO_ADDONS[*]}")" -d "$database" -i "$ADDON" \
    --no-http --max-cron-threads=0 --stop-after-init
[ "$(sql "$database" "SELECT state FROM ir_module_module WHERE name = '$ADDON'")" = installed ] ||
    die "Odoo did not find the addon in the wheel, see $LOGS/wheel.log"
if [ -n "${1:-}" ]; then cd "$OLDPWD" && mkdir -p "$1" && cp "$wheel" "$1"; fi
say "Passed"
