# shellcheck shell=bash
# Databases: a template with Odoo's own addon `account` and its demo data, and copies of it.

# With its files: the cluster can outlive a cache folder that somebody removed.
database_exists() {
    [ -d "$ODOO_DATA/filestore/$1" ] && [ "$(sql postgres "SELECT 1 FROM pg_database WHERE datname = '$1'")" = 1 ]
}

drop_database() {
    sql postgres "DROP DATABASE IF EXISTS \"$1\" WITH (FORCE)"
    rm -rf "${ODOO_DATA:?}/filestore/$1"
}

# ensure_template [ADDON...]: sets TEMPLATE, which has these addons of Odoo, too. It does not hold this
# addon, so that it outlives every change of it.
ensure_template() {
    local key
    key=$( (echo "$ODOO_VERSION $PG_MAJOR" && cat "$DEV/requirements/odoo.txt") | short_hash)
    TEMPLATE=template_$key
    database_exists "$TEMPLATE" || locked template _make_template
    [ $# = 0 ] || _ensure_template_with "$@"
}

_make_template() {
    ! database_exists "$TEMPLATE" || return 0
    need_disk 1000 "$PG_HOME"
    say "Making a database with Odoo's Invoicing and demo data, once (about a minute)"
    local building=${TEMPLATE}_building
    drop_database "$building"
    pg createdb -T template0 -E UTF8 --lc-collate=C "$building"
    _install_in_template account
    # Nothing of a database for development is to be told to anyone.
    sql "$building" "UPDATE ir_cron SET active = false WHERE ir_actions_server_id IN (
        SELECT res_id FROM ir_model_data WHERE module = 'mail' AND name = 'ir_cron_module_update_notification')"
    _name_template
}

_ensure_template_with() {
    local base=$TEMPLATE
    TEMPLATE+=_$(printf '%s\n' "$@" | sort | short_hash)
    database_exists "$TEMPLATE" || locked template _make_template_with "$base" "$@"
}

_make_template_with() {
    ! database_exists "$TEMPLATE" || return 0
    local building=${TEMPLATE}_building base=$1 left
    shift
    need_disk 1000 "$PG_HOME"
    say "Making a database with $# more of Odoo's addons, once (a few minutes)"
    # Those of a list that is no more.
    for left in $(sql postgres "SELECT datname FROM pg_database WHERE datname LIKE '${base}\_%'"); do drop_database "$left"; done
    TEMPLATE=$base copy_template "$building"
    _install_in_template "$(IFS=, && echo "$*")"
    _name_template
}

_install_in_template() {
    quietly template.log "Making the template database" \
        "${ODOO[@]}" -c "$ODOO_CONF" -d "$building" -i "$1" --with-demo --no-http --max-cron-threads=0 --stop-after-init
}

_name_template() {
    drop_database "$TEMPLATE"
    mkdir -p "$ODOO_DATA/filestore/$building"
    mv "$ODOO_DATA/filestore/$building" "$ODOO_DATA/filestore/$TEMPLATE"
    sql postgres "ALTER DATABASE \"$building\" RENAME TO \"$TEMPLATE\""
}

# A copy has its own filestore; Odoo never changes a file in there, so hard links will do.
copy_template() {
    drop_database "$1"
    mkdir -p "$ODOO_DATA/filestore"
    cp -al "$ODOO_DATA/filestore/$TEMPLATE" "$ODOO_DATA/filestore/$1"
    locked copy pg createdb -T "$TEMPLATE" "$1"
    # Two databases with one uuid would be one to the bus and to the sessions.
    sql "$1" "UPDATE ir_config_parameter SET value = gen_random_uuid() WHERE key IN ('database.uuid', 'database.secret')"
}

# --- databases of one run -------------------------------------------------
# A lock file per database: one whose lock nobody holds was left by a run that was killed.
claim_database() {
    mkdir -p "$CACHE/databases"
    exec {DB_FD}>>"$CACHE/databases/$1"
    flock -n "$DB_FD" || die "the database $1 is in use by another run."
}

# new_run_database VARIABLE [SUFFIX]: the name of a database that goes with this run.
new_run_database() {
    local new=test_run_$$_${2:-$RANDOM}
    claim_database "$new"
    on_exit drop_run_database "$new"
    printf -v "$1" %s "$new"
}

drop_run_database() {
    drop_database "$1"
    rm -f "$CACHE/databases/$1"
}

drop_left_databases() {
    local file fd
    for file in "$CACHE"/databases/test_run_*; do
        [ -e "$file" ] || continue
        exec {fd}>>"$file"
        if flock -n "$fd"; then drop_run_database "${file##*/}"; fi
        exec {fd}>&-
    done
}

# install_addon DATABASE [OPTION...]
install_addon() {
    local database=$1
    shift
    quietly "install-$database.log" "Installing the addon" "${ODOO[@]}" -c "$ODOO_CONF" -d "$database" \
        -i "$ADDON" --no-http --max-cron-threads=0 --stop-after-init "$@"
}
