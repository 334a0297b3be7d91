# shellcheck shell=bash
# dev/check seal DSN [--filestore FOLDER] [COMPANY_ID...]
#
# Compares the issued documents of a database, or of a restored dump, with their seals.
#
# DSN as libpq takes it, such as 'dbname=production'. It is models/lock/check_seal.py, which needs psycopg2
# alone: copy that one file to check where there is no Odoo.

[ $# -gt 0 ] || die "name the database, such as 'dbname=production'; see --help"
prepare_cache
ensure_venv odoo "$DEV/requirements/odoo.txt" "$DEV/requirements/test.txt"
run_child "$VENV/bin/python" "$DEV/../models/lock/check_seal.py" "$@"
