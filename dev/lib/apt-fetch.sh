#!/usr/bin/env bash
# apt-fetch.sh STATE SUITE MIRROR FOLDER PACKAGE...
# Downloads packages of a suite into FOLDER, with an apt state of its own in STATE. With WITH_DEPENDENCIES
# set, all that they need to run comes along, as nothing of this machine was there.
# Exit status 4: the mirror answers, and has no such suite or package.
set -euo pipefail
state=$1 suite=$2 mirror=$3 folder=$4
shift 4

rm -rf "$folder"/*.deb
mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$folder"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
signed=
if [ -f "$keyring" ]; then signed="[signed-by=$keyring] "; fi
echo "deb ${signed}$mirror $suite main" >"$state/sources.list"

apt=(
    -o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    -o "Dir::State::Lists=$state/lists" -o "Dir::Cache=$state/cache"
    -o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Update::Error-Mode=any
    # A frozen or archived mirror is old, and its signature is checked all the same.
    -o Acquire::Check-Valid-Until=false
    -o Acquire::AllowInsecureRepositories=false -o APT::Get::AllowUnauthenticated=false
)
# The user _apt cannot write into a cache under /root.
if [ "$(id -u)" = 0 ]; then apt+=(-o APT::Sandbox::User=root); fi

if ! apt-get -q "${apt[@]}" update 2>"$state/errors"; then
    cat "$state/errors" >&2
    ! grep -q 'does not have a Release file' "$state/errors" || exit 4
    exit 1
fi
for package in "$@"; do
    apt-cache "${apt[@]}" show "$package" >/dev/null || exit 4
done
cd "$folder"
if [ -n "${WITH_DEPENDENCIES:-}" ]; then
    : >"$state/status"
    apt-get -q -y "${apt[@]}" -o "Dir::State::status=$state/status" -o Debug::NoLocking=true \
        --no-install-recommends --download-only install "$@"
    mv "$state"/cache/archives/*.deb .
else
    apt-get -q "${apt[@]}" download "$@"
fi
