# shellcheck shell=bash
# dev/check attacks [OPTION...]
#
# Makes up thousands of calls, as anybody from a clerk to SQL: what was issued stays as it was.
#
# Each calls a random method, public or private, of a document or of what hangs on it, with values and context
# keys that Odoo's own code knows: as Billing user, accountant and administrator, as superuser in the code of a
# server action, which may catch the refusal, and in SQL. What is not refused is committed. After each call
# documents, lines, archived and sent files, history, seals and log are compared with what they were. Some calls are
# made with the lock off, too, to see that they do harm then. Prints how many were answered and how many refused.
# Left out: switching the lock, who changes the schema or the running process, and the partner of a document, as a
# contact that becomes part of another company takes it along.
#
#   --count N   so many calls (10000)
#   --seed N    draw the same as the run that printed this seed

count=10000 seed=''
parse_arguments '' 'count seed' "$@"
want_numbers count seed
seed=${seed:-$((RANDOM * 1000))}
# So many in one copy: calls that do what they may do leave less and less to attack.
chunk=250

setup_odoo
ensure_template
drop_left_databases
work=$(mktemp -d)
on_exit rm -rf "$work"

attacks() { run_child "$VENV/bin/python" "$DEV/lib/attacks.py" "$1" --conf "$ODOO_CONF" "${@:2}" || die "attacks $1 failed"; }

# attack_copy SEED COUNT OPTION...
attack_copy() {
    TEMPLATE=$prepared copy_template "$database"
    attacks attack --db "$database" --seed "$1" --count "$2" --output "$work/$1.json" "${@:3}"
}

new_run_database prepared prepared
new_run_database database attacked
copy_template "$prepared"
say "Installing the addon, and issuing documents"
install_addon "$prepared"
attacks prepare --db "$prepared"
say "Calls with the lock off"
attack_copy "$((seed + 900))" "$((count < chunk ? count : chunk))" --unlocked
for ((done = 0; done < count; done += chunk)); do
    say "Calls $done to $((done + chunk < count ? done + chunk : count)) of $count, seed $seed"
    attack_copy "$((seed + done / chunk))" "$((count - done < chunk ? count - done : chunk))"
done
run_child "$VENV/bin/python" "$DEV/lib/attacks.py" report "$work"/*.json || die "something went through, seed $seed"
say "Passed"
