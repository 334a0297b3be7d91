# shellcheck shell=bash
# Odoo 19: Debian's package unpacked into the cache, or the folder in ODOO_PATH.

# Raise when the recipe below changes what it makes.
ODOO_RECIPE=1
ODOO_SUITES=(testing sid)
ODOO_PACKAGES=(
    odoo-19
    # odoo-19 holds relative links into these: they go into the same root
    libjs-jquery libjs-jquery-form libjs-underscore
    fonts-inconsolata fonts-roboto-unhinted fonts-ocr-b fonts-glyphicons-halflings fonts-montserrat
)

# Sets ODOO_LIB (folder of the Python package `odoo`), ODOO_ADDONS (folders of addons), ODOO_VERSION
# (changes with the tree) and ODOO_NAME (says which Odoo this is).
ensure_odoo() {
    ODOO_ROOT=$CACHE/odoo/root-$ODOO_RECIPE
    if [ -n "${ODOO_PATH:-}" ]; then
        use_odoo "$ODOO_PATH"
        ODOO_VERSION=$(_fingerprint "$ODOO_LIB")
        ODOO_NAME=$(_name_of_odoo "$ODOO_LIB" "$ODOO_VERSION")
        return
    fi
    [ -f "$ODOO_ROOT/complete" ] || locked odoo _fetch_odoo "$ODOO_ROOT"
    use_odoo "$ODOO_ROOT"
    ODOO_VERSION=$(cat "$ODOO_ROOT/complete")
    ODOO_NAME=$(grep -o '^odoo-19_.*[0-9]' "$ODOO_ROOT/complete")
}

use_odoo() {
    local path=$1 candidate
    ODOO_LIB=
    for candidate in "$path" "$path/usr/lib/python3/dist-packages"; do
        if [ -f "$candidate/odoo/release.py" ]; then ODOO_LIB=$(cd "$candidate" && pwd -P); fi
    done
    [ -n "$ODOO_LIB" ] || die "ODOO_PATH=$path holds no Odoo: expected the folder that contains odoo/release.py."
    grep -q '^version_info = (19, 0,' "$ODOO_LIB/odoo/release.py" || die "ODOO_PATH=$path is not Odoo 19.0."
    ODOO_ADDONS=("$ODOO_LIB/odoo/addons")
    # A source tree has most of them in addons. Debian has all in odoo/addons, and in addons halves.
    odoo_has account || ODOO_ADDONS+=("$ODOO_LIB/addons")
    odoo_has account || die "ODOO_PATH=$path has no addon 'account'."
}

# odoo_has ADDON
odoo_has() {
    local folder
    for folder in "${ODOO_ADDONS[@]}"; do
        [ ! -f "$folder/$1/__manifest__.py" ] || return 0
    done
    return 1
}

# Of all files of a tree: a commit tells nothing of what was changed since, nor, for a tree that lies
# in somebody's repository, of Odoo.
_fingerprint() {
    printf '%s ' "$1"
    find -H "$1/odoo" "${ODOO_ADDONS[@]:1}" -name __pycache__ -prune -o \( -type f -o -type l \) -printf '%p %s %T@\n' | LC_ALL=C sort | short_hash
}

_name_of_odoo() {
    local top commit
    # "safe": a checkout may belong to another user.
    top=$(git -c safe.directory='*' -C "$1" rev-parse --show-toplevel 2>/dev/null) || top=
    if [ "$top" = "$1" ] && commit=$(git -c safe.directory='*' -C "$1" rev-parse HEAD 2>/dev/null); then
        echo "commit $commit"
    else
        echo "tree ${2##* }"
    fi
}

_fetch_odoo() {
    local root=$1 new=$1.new
    [ ! -f "$root/complete" ] || return 0
    have apt-get || die "this machine has no apt to fetch Odoo 19 with; set ODOO_PATH to an existing Odoo 19."
    need_disk 3000 "$CACHE"
    rm -rf "$new"
    mkdir -p "$new"

    say "Fetching Odoo 19 and its web assets with apt (about 130 MB)"
    local suite status=4 unreachable=
    for suite in "${ODOO_SUITES[@]}"; do
        apt_fetch "$suite" "$CACHE/downloads/odoo" "${ODOO_PACKAGES[@]}" && status=0 || status=$?
        [ "$status" != 0 ] || break
        [ "$status" = 4 ] || unreachable=1
    done
    if [ "$status" != 0 ]; then
        [ -z "$unreachable" ] || fail_with_log "$LOGS/apt-fetch.log" "Fetching Odoo 19 from Debian ${ODOO_SUITES[*]}"
        die "Debian (${ODOO_SUITES[*]}) has no odoo-19 any more: get Odoo 19.0 from its makers (git clone --depth 1 --branch 19.0 https://github.com/odoo/odoo) and run this again with ODOO_PATH=FOLDER."
    fi

    say "Unpacking Odoo 19"
    local deb
    for deb in "$CACHE"/downloads/odoo/*.deb; do
        quietly unpack.log "Unpacking ${deb##*/}" dpkg -x "$deb" "$new"
    done
    _add_missing_assets "$new"
    (cd "$CACHE/downloads/odoo" && printf '%s\n' *.deb) >"$new/complete"
    mv "$new" "$root"
    rm -rf "$CACHE/downloads/odoo"
}

# What Debian's packages of today no longer hold, or never did.
_add_missing_assets() {
    local root=$1 addons=$1/usr/lib/python3/dist-packages/odoo/addons link file dangling
    _fetch_font_awesome
    # The links cross the formats too (.woff to .woff2): put the very file in each link's place.
    for link in "$addons"/web/static/{lib,src/libs}/fontawesome/fonts/*; do
        file=$CACHE/downloads/font-awesome/fonts/${link##*/}
        if [ -L "$link" ] && [ -f "$file" ]; then
            rm "$link"
            cp "$file" "$link"
        fi
    done
    link=$addons/point_of_sale/static/src/fonts/Inconsolata.otf
    if [ -L "$link" ] && [ ! -e "$link" ]; then
        rm "$link"
        cp "$root/usr/share/fonts/opentype/inconsolata/Inconsolata-Regular.otf" "$link"
    fi
    # Not free, so left out by Debian: blurs the background of video calls. The web client logs
    # an error when it is not there, and an error in the console fails a browser test.
    file=$addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js
    if [ ! -e "$file" ]; then
        mkdir -p "${file%/*}"
        echo '/* left out of the Debian package */' >"$file"
    fi
    dangling=$(find "$root" -xtype l)
    [ -z "$dangling" ] || die "the unpacked Odoo has links to files that are missing: $dangling"
}

# Font Awesome 4.7, as Odoo uses it: Debian 12 has it; npm has it should Debian 12 be gone.
_fetch_font_awesome() {
    local target=$CACHE/downloads/font-awesome work=$CACHE/downloads/font-awesome.new
    [ ! -f "$target/fonts/fontawesome-webfont.woff2" ] || return 0
    rm -rf "$target" "$work"
    mkdir -p "$work/fonts"
    if apt_fetch bookworm "$work" fonts-font-awesome; then
        dpkg -x "$work"/*.deb "$work/deb"
        find "$work/deb" -type f \( -name 'fontawesome-webfont.*' -o -name FontAwesome.otf \) -exec cp {} "$work/fonts" \;
    fi
    if [ ! -f "$work/fonts/fontawesome-webfont.woff2" ]; then
        have npm || ensure_packages "npm" npm
        quietly npm.log "Fetching font-awesome from npm" \
            bash -c 'cd "$1" && npm pack --silent font-awesome@4.7.0 && tar -xzf font-awesome-4.7.0.tgz --strip-components=1' _ "$work"
    fi
    mv "$work" "$target"
}

# apt_fetch SUITE FOLDER PACKAGE...: newest packages of another suite, from the machine's own mirror,
# with an apt state of our own: nothing of the machine's apt is changed, and no root is needed.
# Returns 4 if the mirrors that answer do not have them.
apt_fetch() {
    local suite=$1 folder=$2 mirror status result=1
    shift 2
    echo "Looking for $* in Debian $suite" >"$LOGS/apt-fetch.log"
    while read -r mirror; do
        run_child bash "$DEV/lib/apt-fetch.sh" "$CACHE/apt/$suite" "$suite" "$mirror" "$folder" "$@" \
            >>"$LOGS/apt-fetch.log" 2>&1 && return 0 || status=$?
        [ "$status" != 4 ] || result=4
    done < <(_debian_mirrors)
    return "$result"
}

# The mirrors of Debian's main archive in the machine's own apt sources. apt itself tells them only
# once it has fetched its lists, which a bare container has thrown away: then from the files.
_debian_mirrors() {
    {
        apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
            awk '$3 == "main" && $2 !~ /-|\// {print $1}'
        { cat /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } |
            awk '/^URIs:/ {for (i = 2; i <= NF; i++) print $i}'
        { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true; } |
            awk '/^deb / {for (i = 2; i <= NF; i++) if ($i ~ /:\//) {print $i; break}}'
    } | awk '!/security/ {sub(/\/$/, "")} !/security/ && !seen[$0]++'
}

# The addon under its own name (Odoo takes a module's name from its folder's), whatever the clone is called.
link_addon() {
    local links
    links=$CACHE/clones/$(printf %s "$REPO" | short_hash)
    mkdir -p "$links"
    ln -sfn "$REPO" "$links/$ADDON"
    ADDON_PARENT=$links
}

# Sets ODOO (the command) and ADDONS_PATH, and writes Odoo's configuration.
configure_odoo() {
    link_addon
    ADDONS_PATH=$(IFS=, && echo "${ODOO_ADDONS[*]}"),$ADDON_PARENT
    ODOO_CONF=$ADDON_PARENT/$(printf '%s %s' "$ODOO_LIB" "$PG_SOCKET" | short_hash).conf
    ODOO_DATA=$CACHE/data
    mkdir -p "$ODOO_DATA"
    chmod 700 "$ODOO_DATA"
    cat >"$ODOO_CONF.$$" <<END
[options]
addons_path = $ADDONS_PATH
data_dir = $ODOO_DATA
db_host = $PG_SOCKET
db_user = $PG_ROLE
http_interface = 127.0.0.1
list_db = False
screenshots = $CACHE/screenshots
END
    mv "$ODOO_CONF.$$" "$ODOO_CONF"
    ODOO=("$VENV/bin/python" -m odoo)
    # PYTHON_ALSO: what dev/check coverage has every process load.
    export PATH="$VENV/bin:$PATH" PYTHONPATH="$ODOO_LIB${PYTHON_ALSO:+:$PYTHON_ALSO}"
    # Compiled files go to the cache, not into the repository nor into somebody's Odoo.
    unset PYTHONDONTWRITEBYTECODE
    export PYTHONPYCACHEPREFIX="$CACHE/pycache"
    # ... nor what hypothesis notes down.
    export HYPOTHESIS_STORAGE_DIRECTORY="$CACHE/hypothesis"
    # The machine's own PostgreSQL settings must not lead us to its databases.
    unset PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE PGSERVICE
}

# wait_for_server URL [PATH]: fails if it does not answer within two minutes.
wait_for_server() {
    "$VENV/bin/python" - "$1${2:-/web/login}" <<'END'
import sys
import time
import urllib.request

for _ in range(240):
    try:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1]).read()
        sys.exit(0)
    except OSError:
        time.sleep(0.5)
sys.exit(1)
END
}
