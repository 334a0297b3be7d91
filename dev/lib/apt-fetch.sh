#!/usr/bin/env bash
# apt-fetch.sh STATE SUITE MIRROR FOLDER PACKAGE...
# Downloads packages of a suite into FOLDER, with an apt state of its own in STATE.
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
)
# The user _apt cannot write into a cache under /root.
if [ "$(id -u)" = 0 ]; then apt+=(-o APT::Sandbox::User=root); fi

apt-get -q "${apt[@]}" update
cd "$folder"
apt-get -q "${apt[@]}" download "$@"
