# shellcheck shell=bash
# The wkhtmltopdf with the patched Qt: Debian's own has no page header nor footer.

# It comes as a wheel with Odoo's libraries; here it gets the name that Odoo looks for.
ensure_wkhtmltopdf() {
    ensure_packages "the libraries of wkhtmltopdf" "${PACKAGES_PDF[@]}"
    local packed=$VENV/bin/wkhtmltopdf-pack
    if [ -x "$packed" ] && "$packed" --version >/dev/null 2>&1; then
        ln -sfn wkhtmltopdf-pack "$VENV/bin/wkhtmltopdf"
    elif ! have wkhtmltopdf; then
        die "the wkhtmltopdf of PyPI does not run on this machine ($(uname -m)); put a wkhtmltopdf with patched Qt on the PATH."
    fi
}
