# shellcheck shell=bash
# A browser for the tours, and what reads the PDFs that the tests make.

ensure_browser() {
    if ! { have google-chrome || have chromium || have chromium-browser || have google-chrome-stable; } || ! have pdftotext; then
        ensure_packages "Chromium and poppler" "${PACKAGES_BROWSER[@]}"
    fi
}

find_browser() {
    local name
    for name in chromium google-chrome google-chrome-stable chromium-browser; do
        if have "$name"; then command -v "$name" && return; fi
    done
}
