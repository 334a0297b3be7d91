# shellcheck shell=bash
# dev/check servers [--seconds N] [--postgres N,...]
#
# Several workers and a proxy, a read replica, a restricted database user; backup and restore.
#
# A PostgreSQL of its own, of each version that is installed and of 17, or of those that are named (17 is fetched
# from Debian 13 where it is not installed), with a streaming replica (`db_replica_host`), a
# user who owns the database and may do nothing else, and Odoo with workers, a gevent port and `proxy_mode`. On it
# `dev/check stress` for N seconds (40); the replica has to answer what only reads, and the websocket has to be
# well. Then the database is restored from pg_dump and from the backup of Odoo's database manager: the seals agree
# with the documents, the database goes on refusing to change them, and a byte that is changed with the triggers off
# is found, in each table.

seconds=40 postgres=''
parse_arguments '' 'seconds postgres' "$@"
want_numbers seconds postgres
setup_odoo
ensure_template
drop_left_databases
role=odoo_restricted

new_run_database source
copy_template "$source"
say "Installing the addon"
quietly servers-install.log "Installing the addon" "${ODOO[@]}" -c "$ODOO_CONF" -d "$source" \
    -i "$ADDON" --no-http --max-cron-threads=0 --stop-after-init
# As a company at work has one: nothing is archived in the background before.
sql "$source" "UPDATE res_company SET external_report_layout_id = (
    SELECT res_id FROM ir_model_data WHERE module = 'web' AND name = 'external_layout_standard')"
database=$source

# The two clusters are in a folder of PostgreSQL's user.
work=$(mktemp -d -p "$PG_HOME")
on_exit rm -rf "$work"
chmod 755 "$work"
stop_cluster() { _as_owner "$BIN/pg_ctl" -D "$1" -m immediate -w -s stop >/dev/null 2>&1 || true; }

# start_cluster DATA SOCKET
start_cluster() {
    _own_folder "$2"
    _as_owner "$bin/pg_ctl" -D "$1" -w -s -l "$1/server.log" start -o "-c listen_addresses='' \
        -c unix_socket_directories='$2' -c max_connections=120 -c jit=off -c hot_standby_feedback=on" >"$log" 2>&1 ||
        fail_with_log "$1/server.log" "Starting PostgreSQL"
    on_exit stop_cluster "$1"
}

# on_primary TOOL ARGUMENT...: as who owns the database
on_primary() { "$bin/$1" -h "$primary/socket" -U "$role" "${@:2}"; }
count_replica() {
    "$bin/psql" -h "$replica/socket" -U "$PG_ROLE" -d "$database" -XAtc \
        "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '$database'"
}

check_seals() {
    "$VENV/bin/python" "$DEV/../models/lock/check_seal.py" "host=$primary/socket user=$PG_ROLE dbname=$1" >"$log" 2>&1
}

# check_forged NAME: what the owner of the database changes, in a copy of it, is found in each table.
check_forged() {
    local table change options=(-h "$primary/socket" -U "$PG_ROLE")
    while read -r table change; do
        "$bin/createdb" "${options[@]}" -T "$1" forged
        "$bin/psql" "${options[@]}" -d forged -Xv ON_ERROR_STOP=1 -c "ALTER TABLE $table DISABLE TRIGGER USER" \
            -c "WITH one AS (SELECT max(move_id) AS id FROM account_document_seal WHERE chain IS NOT NULL) $change" >"$log" 2>&1 ||
            fail_with_log "$log" "Changing $table"
        grep -qE '^(UPDATE|DELETE) [1-9]' "$log" || die "there is nothing to change in $table"
        ! check_seals forged || die "a changed byte in $table is not found"
        "$bin/dropdb" "${options[@]}" forged
    done <<'CHANGES'
account_move UPDATE account_move SET name = name || 'X' FROM one WHERE account_move.id = one.id
account_move_line UPDATE account_move_line SET name = coalesce(name, '') || 'X' FROM one WHERE move_id = one.id
account_move_line_account_tax_rel DELETE FROM account_move_line_account_tax_rel WHERE account_move_line_id = (SELECT max(l.id) FROM account_move_line l JOIN account_move_line_account_tax_rel ON account_move_line_id = l.id JOIN account_document_seal s USING (move_id) WHERE s.chain IS NOT NULL)
account_document_seal UPDATE account_document_seal SET record = record || '{"x": 1}' FROM one WHERE move_id = one.id
account_document_evidence UPDATE account_document_evidence SET record = record || '{"x": 1}' WHERE id = (SELECT max(id) FROM account_document_evidence WHERE chain IS NOT NULL)
ir_attachment UPDATE ir_attachment SET checksum = reverse(checksum) FROM account_document_evidence e WHERE e.kind = 'file' AND e.document_id = res_id AND res_model = 'account.move' AND res_field = 'invoice_pdf_report_file'
CHANGES
}

# check_restored NAME WHAT: what is in the database is what was issued, and stays so.
check_restored() {
    check_seals "$1" || fail_with_log "$log" "Comparing the seals of $2"
    ! "$bin/psql" -h "$primary/socket" -U "$PG_ROLE" -d "$1" -Xqc "UPDATE account_move SET name = 'X' WHERE id = (
        SELECT max(move_id) FROM account_document_seal)" 2>"$log" || die "$2 lets a sealed document be changed"
    grep -q . "$log" || die "$2 does not say why"
    note "$2: the seals agree, and the database refuses changes"
}

check_on() {
    local bin=$1 major conf port gevent_port server
    major=$(basename "$(dirname "$bin")")
    primary=$work/$major-primary replica=$work/$major-replica
    log=$LOGS/servers-$major.log
    say "PostgreSQL $major with a replica and a restricted user"
    mkdir "$primary" "$replica"
    _own_folder "$primary/data"
    _own_folder "$replica/data"
    _as_owner "$bin/initdb" -D "$primary/data" -U "$PG_ROLE" -A trust -E UTF8 --locale=C.UTF-8 -N >"$log" 2>&1 ||
        fail_with_log "$log" "Making the cluster"
    start_cluster "$primary/data" "$primary/socket"
    "$bin/psql" -h "$primary/socket" -U "$PG_ROLE" -d postgres -Xqc "CREATE ROLE $role LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE"
    "$bin/createdb" -h "$primary/socket" -U "$PG_ROLE" -T template0 -E UTF8 --lc-collate=C -O "$role" "$database"
    pg pg_dump --no-owner "$database" | on_primary psql -Xq -v ON_ERROR_STOP=1 -d "$database" >"$log" 2>&1 ||
        fail_with_log "$log" "Restoring as a restricted user"
    _as_owner "$bin/pg_basebackup" -h "$primary/socket" -U "$PG_ROLE" -D "$replica/data" -R -c fast >"$log" 2>&1 ||
        fail_with_log "$log" "Making the replica"
    start_cluster "$replica/data" "$replica/socket"

    conf=$work/$major.conf
    sed -e "s|^db_host.*|db_host = $primary/socket|" -e "s|^db_user.*|db_user = $role|" "$ODOO_CONF" >"$conf"
    printf '%s\n' "db_replica_host = $replica/socket" "proxy_mode = True" "db_name = $database" >>"$conf"
    read -r port gevent_port < <(free_ports)
    # The server starts its second kind of process by its own file's name: `-m odoo` has none.
    echo 'from odoo.cli import main; main()' >"$work/odoo-bin"
    start_child "$VENV/bin/python" "$work/odoo-bin" -c "$conf" --db-filter "^$database\$" --workers 3 \
        --max-cron-threads=1 --http-port "$port" --gevent-port "$gevent_port" >"$LOGS/servers-odoo-$major.log" 2>&1
    server=$CHILD
    wait_for_server "http://127.0.0.1:$port" || fail_with_log "$LOGS/servers-odoo-$major.log" "Starting Odoo"
    wait_for_server "http://127.0.0.1:$gevent_port" /websocket/health || die "the gevent port does not answer"
    local before
    before=$(count_replica)
    run_child "$VENV/bin/python" "$DEV/lib/stress.py" --url "http://127.0.0.1:$port" --db "$database" \
        --socket "$primary/socket" --role "$PG_ROLE" --master "$server" --log "$LOGS/servers-odoo-$major.log" \
        --seconds "$seconds" >"$log" 2>&1 || fail_with_log "$log" "dev/check stress"
    note "stress: $(grep -v '^$' "$log" | tail -n 2 | tr '\n' ' ')"
    # PostgreSQL counts a session's work when it has been idle for a second.
    sleep 2
    local read_only=$(($(count_replica) - before))
    [ "$read_only" -gt 20 ] || die "the replica answered $read_only transactions only"
    note "the replica answered $read_only transactions"
    kill -TERM -- "-$server"
    wait_child "$server" || true

    "${ODOO[@]}" shell -c "$conf" --no-http >"$log" 2>&1 <<'PYTHON' || fail_with_log "$log" "Printing and chaining the seals"
# A first print is archived, and evidence of it noted.
posted = [("state", "=", "posted"), ("move_type", "=", "out_refund")]
credit_note = env["account.move"].search(posted, limit=1)
env["ir.actions.report"]._render_qweb_pdf("account.account_invoices", credit_note.ids)
env.cr.commit()
while any(
    env[model].search_count([("chain", "=", False)])
    for model in ("account.document.seal", "account.document.evidence")
):
    env.ref("account_partner_credit_note.ir_cron_account_document_seal").method_direct_trigger()
    # It has a transaction of its own: the next one here sees what it did.
    env.cr.commit()
PYTHON
    on_primary pg_dump -Fc "$database" >"$work/$major.dump"
    "$bin/createdb" -h "$primary/socket" -U "$PG_ROLE" -T template0 -E UTF8 -O "$role" dumped
    on_primary pg_restore -d dumped --no-owner "$work/$major.dump" >"$log" 2>&1 || fail_with_log "$log" "pg_restore"
    check_restored dumped "restored from pg_dump"
    check_forged dumped
    note "a byte that is changed is found, in each table"
    # Its restore makes a database, which the restricted user must not.
    sed -i -e "s|^db_user.*|db_user = $PG_ROLE|" -e "/^db_name/d" "$conf"
    PATH=$bin:$PATH "${ODOO[@]}" db -c "$conf" dump "$database" "$work/$major.zip" >"$log" 2>&1 &&
        PATH=$bin:$PATH "${ODOO[@]}" db -c "$conf" load managed "$work/$major.zip" >>"$log" 2>&1 || fail_with_log "$log" "Odoo's database manager"
    check_restored managed "restored by Odoo's database manager"
    rm -rf "${ODOO_DATA:?}/filestore/managed"
    stop_cluster "$replica/data"
    stop_cluster "$primary/data"
}

# Sets BIN to the programs of this version. Debian 13 has 17: its packages are unpacked beside everything else, and
# each program is started by the loader and with the libraries that came with it.
find_postgres() {
    local root=$PG_HOME/postgresql-$1 tool loader deb
    BIN=/usr/lib/postgresql/$1/bin
    [ ! -x "$BIN/initdb" ] || return 0
    [ "$1" = 17 ] || die "PostgreSQL $1 is not installed; 17 alone can be fetched."
    BIN=$root$BIN
    [ ! -f "$root/complete" ] || return 0
    say "Fetching PostgreSQL $1 from Debian 13"
    rm -rf "$root"
    mkdir -p "$root"
    WITH_DEPENDENCIES=1 apt_fetch trixie "$CACHE/downloads/postgresql" "postgresql-$1" ||
        fail_with_log "$LOGS/apt-fetch.log" "Fetching PostgreSQL $1"
    for deb in "$CACHE"/downloads/postgresql/*.deb; do
        quietly unpack.log "Unpacking ${deb##*/}" dpkg -x "$deb" "$root"
    done
    rm -rf "$CACHE/downloads/postgresql"
    mv "$BIN" "$BIN.elf"
    mkdir "$BIN"
    loader=$(echo "$root"/usr/lib/*/ld-linux-*.so.*)
    for tool in "$BIN.elf"/*; do
        tool=${tool##*/}
        printf '%s\n' '#!/bin/sh' "export LOCPATH='$root/usr/lib/locale'" \
            "exec '$loader' --library-path '${loader%/*}' --argv0 \"\$0\" '$BIN.elf/$tool' \"\$@\"" >"$BIN/$tool"
        chmod 755 "$BIN/$tool"
    done
    touch "$root/complete"
}

if [ -n "$postgres" ]; then
    IFS=, read -ra majors <<<"$postgres"
else
    mapfile -t majors < <({
        printf '%s\n' /usr/lib/postgresql/*/bin/initdb | cut -d/ -f5
        echo 17
    } | sort -nu | awk -v least="$PG_MAJOR" '$1 >= least')
fi
for major in "${majors[@]}"; do
    # An older one cannot read what a newer one dumped.
    [ "$major" -ge "$PG_MAJOR" ] || die "PostgreSQL $major cannot read what $PG_MAJOR dumped, which is installed here"
    find_postgres "$major"
    check_on "$BIN"
done
say "Passed"
