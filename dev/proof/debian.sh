# shellcheck shell=bash
# dev/check debian [SUITE...]
#
# Runs dev/demo and dev/test on a bare Debian, as root and as a user with sudo, and tells how long it took.
#
# As root, with debootstrap, from the machine's own mirror: bookworm (12) and trixie (13), or SUITE, each
# made anew for each of the two users. Takes the last commit, and of the tests `:TestStructure` and `:TestLockDatabase`.
# Half an hour and 6 GB, which are given back.

parse_arguments '' WORDS "$@"
suites=("${WORDS[@]}")
[ ${#suites[@]} -gt 0 ] || suites=(bookworm trixie)
is_root || die "chroot wants root"
prepare_cache
have debootstrap || ensure_packages "debootstrap" debootstrap
need_disk 8000 /var/tmp
work=$(mktemp -d -p /var/tmp)
mirror=$(_debian_mirrors | head -n 1)

# First what is mounted: else the machine's own /dev would go.
clear_away() {
    local folder tries
    for folder in "$work"/*/{dev/pts,dev,proc}; do
        for ((tries = 0; tries < 20; tries++)); do
            mountpoint -q "$folder" || break
            umount "$folder" 2>/dev/null || sleep 1
        done
        ! mountpoint -q "$folder" || die "$folder is still mounted: unmount it, then remove $work"
    done
    rm -rf "$work"
}
on_exit clear_away

# lend_network FOLDER: how this machine reaches its mirror and its registries.
lend_network() {
    cp /etc/apt/apt.conf.d/* "$1/etc/apt/apt.conf.d/"
    mkdir -p "$1/etc/ssl/certs" "$1/usr/local/share/ca-certificates"
    cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/" 2>/dev/null || true
    cp /usr/local/share/ca-certificates/* "$1/usr/local/share/ca-certificates/" 2>/dev/null || true
    export -p | grep -iE '^declare -x (https?_proxy|no_proxy|PIP_CERT|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|NODE_EXTRA_CA_CERTS)=' \
        >"$1/etc/profile.d/network.sh" || true
}

# inside FOLDER USER COMMAND: bash's, with nothing of this machine in its environment.
inside() {
    run_child chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 su - "$2" -c "$3"
}

read -r port _port < <(ensure_venv odoo "$DEV/requirements/odoo.txt" "$DEV/requirements/test.txt" >&2 && free_ports)
for suite in "${suites[@]}"; do
    say "A bare Debian $suite"
    quietly debian.log "debootstrap" debootstrap --variant=minbase "$suite" "$work/$suite" "$mirror"
    lend_network "$work/$suite"
    for user in root developer; do
        root=$work/$suite-$user
        cp -a "$work/$suite" "$root"
        mount -t proc proc "$root/proc"
        mount --bind /dev "$root/dev"
        mount --bind /dev/pts "$root/dev/pts"
        if [ "$user" = developer ]; then
            quietly debian.log "Installing sudo" chroot "$root" sh -c 'apt-get update && apt-get install -y --no-install-recommends sudo &&
                useradd -m -s /bin/bash developer && echo "developer ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/developer'
        fi
        home=$(chroot "$root" getent passwd "$user" | cut -d: -f6)
        mkdir "$root$home/addon"
        git -C "$REPO" archive HEAD | tar -x -C "$root$home/addon"
        chroot "$root" chown -R "$user:" "$home/addon"

        log=$LOGS/debian-$suite-$user.log
        started=$SECONDS
        # Until it prints its address, then Ctrl-C.
        inside "$root" "$user" "cd addon && { dev/demo --port $port >demo.txt 2>&1 & } && demo=\$! &&
            until grep -q 'Ctrl-C stops' demo.txt; do kill -0 \$demo || { cat demo.txt; exit 1; }; sleep 1; done &&
            { kill -TERM \$demo; wait \$demo; cat demo.txt; }" >"$log" 2>&1 ||
            fail_with_log "$log" "dev/demo on Debian $suite as $user"
        demo=$((SECONDS - started)) started=$SECONDS
        inside "$root" "$user" "cd addon && dev/test :TestStructure :TestLockDatabase" >>"$log" 2>&1 ||
            fail_with_log "$log" "dev/test on Debian $suite as $user"
        note "$suite as $user: dev/demo in $demo s, then dev/test in $((SECONDS - started)) s: $(tail -n 1 "$log")"
        umount "$root/dev/pts" "$root/dev" "$root/proc"
        rm -rf "$root"
    done
done
say "Passed"
