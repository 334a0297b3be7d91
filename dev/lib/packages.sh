# shellcheck shell=bash
# Debian packages that the machine itself needs.

PACKAGES_PYTHON=(python3 python3-venv)
PACKAGES_POSTGRES=(postgresql)
# The shared libraries of the wkhtmltopdf that PyPI carries, and a font to write with.
PACKAGES_PDF=(libx11-6 libxext6 libxrender1 libfontconfig1 libfreetype6 fonts-dejavu-core)
PACKAGES_BROWSER=(chromium poppler-utils)
PACKAGES_LINT=(shellcheck)

package_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
    if is_root; then
        "$@"
    else
        sudo "$@"
    fi
}

# ensure_packages WHAT PACKAGE...
ensure_packages() {
    local what=$1 package missing=()
    shift
    have dpkg-query || die "$what is missing, and this machine has no apt to install it; the commands of dev/ need Debian 12 or later (or a system made from it)."
    for package in "$@"; do
        package_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    is_root || have sudo || die "$what is missing: ask someone with root to run 'apt-get install ${missing[*]}'."
    say "Installing $what with apt: ${missing[*]}"
    locked apt _apt_install "$what" "${missing[@]}"
}

# In the foreground: sudo may have to ask, and apt itself knows how to stop safely on Ctrl-C.
_apt_install() {
    local what=$1 log=$LOGS/apt.log
    shift
    local quiet=(env DEBIAN_FRONTEND=noninteractive)
    local options=(-y -q --no-install-recommends -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3)
    {
        # An earlier run may have been stopped in the middle of an installation.
        as_root "${quiet[@]}" dpkg --configure -a &&
            { as_root apt-get "${options[@]}" -o APT::Update::Error-Mode=any update || true; } &&
            as_root "${quiet[@]}" apt-get "${options[@]}" install "$@"
    } </dev/null >"$log" 2>&1 || fail_with_log "$log" "Installing $what with apt"
}
