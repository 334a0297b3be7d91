# shellcheck shell=bash
# All that Odoo needs, in order. Every step is quick when its work is already there.
DEV_LIB=$(dirname "${BASH_SOURCE[0]}")
for _part in common packages odoo python wkhtmltopdf browser postgres database; do
    # shellcheck source=/dev/null
    . "$DEV_LIB/$_part.sh"
done

setup_odoo() {
    prepare_cache
    ensure_odoo
    ensure_venv odoo "$DEV/requirements/odoo.txt" "$DEV/requirements/test.txt"
    ensure_wkhtmltopdf
    ensure_postgres
    configure_odoo
}
