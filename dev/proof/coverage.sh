# shellcheck shell=bash
# dev/check coverage [OPTION...] [TAG...]
#
# Runs dev/test and tells which lines and branches no test went through.
#
# Hands options and tags to dev/test. Of the addon's Python all files count but tests/, dev/ and the
# manifest, and in all processes, those of servers too. Fails if fewer than 95 % of lines or of
# branches are covered, unless only some of the tests were run.
#
#   --append       add to what the last run measured (the sources must be the same); both count together
#   --report       only print what was measured, whatever it comes to

append='' report='' arguments=() partial=''
while [ $# -gt 0 ]; do
    case $1 in
    --append) append=1 ;;
    --report) report=1 append=1 ;;
    --db | --with)
        arguments+=("$1" "${2:-}")
        [ $# -lt 2 ] || shift
        ;;
    --*) arguments+=("$1") ;;
    *) arguments+=("$1") partial=1 ;;
    esac
    shift
done

prepare_cache
ensure_venv coverage "$DEV/requirements/coverage.txt"
coverage=$VENV/bin/coverage
data=$CACHE/coverage/$(printf %s "$REPO" | short_hash)
mkdir -p "$data"
export COVERAGE_RCFILE=$DEV/lib/coverage/coveragerc COVERAGE_FILE=$data/coverage ADDON_SOURCE=$REPO
[ -n "$append" ] || "$coverage" erase

# Nothing but these two, next to the libraries of Odoo.
mkdir -p "$data/python"
ln -sfn "$("$VENV/bin/python" -c 'import coverage; print(*coverage.__path__)')" "$data/python/coverage"
ln -sfn "$DEV/lib/coverage/sitecustomize.py" "$data/python/sitecustomize.py"

failed=''
if [ -z "$report" ]; then
    export COVERAGE_PROCESS_START=$COVERAGE_RCFILE PYTHON_ALSO=$data/python
    run_child "$DEV/test" "${arguments[@]}" || failed=1
    unset COVERAGE_PROCESS_START
    # What earlier runs measured is combined already.
    "$coverage" combine --quiet ${append:+--append} "$data"
fi

say "Not covered"
"$coverage" report || true
"$coverage" json --quiet -o "$data/totals.json"
"$VENV/bin/python" - "$data/totals.json" <<'PYTHON' || [ -n "$report" ] || { [ -n "$partial" ] && [ -z "$append" ]; } || failed=1
import json
import sys

totals = json.load(open(sys.argv[1]))["totals"]
shares = [
    100 * totals[f"covered_{kind}"] / totals[f"num_{whole}"]
    for kind, whole in (("lines", "statements"), ("branches", "branches"))
]
print("{:.1f} % of lines, {:.1f} % of branches are covered".format(*shares))
sys.exit(min(shares) < 95)
PYTHON
[ -z "$failed" ] || die "failed, or too little is covered"
