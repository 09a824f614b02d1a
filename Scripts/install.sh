#!/bin/sh
# install.sh BUILD PREFIX: installs the program in BUILD (stripped) and its preload libraries under PREFIX, with manual pages and shell
# completions. What is installed finds its libraries relative to itself, so that PREFIX may be moved afterwards.
set -eu
[ $# -eq 2 ] || { echo "usage: $0 BUILD PREFIX" >&2; exit 64; }
build=$1 prefix=$2
program=$build/ridealong
share=$prefix/share

install -d "$prefix/bin" "$prefix/lib/ridealong" "$share/man/man1" "$share/bash-completion/completions" \
    "$share/zsh/site-functions" "$share/fish/vendor_completions.d"
install -s -m 755 "$program" "$prefix/bin/ridealong"
install -m 755 "$build"/libridealong-*.so "$prefix/lib/ridealong/"

"$program" --generate-completion-script bash >"$share/bash-completion/completions/ridealong"
"$program" --generate-completion-script zsh >"$share/zsh/site-functions/_ridealong"
"$program" --generate-completion-script fish >"$share/fish/vendor_completions.d/ridealong.fish"

# Asking the plugin of swift-argument-parser for help builds its tool, and nothing else: running the plugin itself would build and link
# the whole program a second time, without the Swift runtime in it.
swift package --quiet generate-manual --help >/dev/null
pages=$(mktemp -d)
trap 'rm -rf "$pages"' EXIT
.build/debug/generate-manual-tool "$program" --multi-page --section 1 --date "$(git log -1 --format=%cs 2>/dev/null || date +%F)" \
    --output-directory "$pages"
rm "$pages/ridealong.help.1"
for page in "$pages"/*; do
    # `man ridealong messages` looks for ridealong-messages.
    name=$(basename "$page" .1 | tr . -)
    sed '/ridealong.help 1/d; s/…/.../g; s/ridealong\.\([a-z-]*\)/ridealong-\1/g; s/RIDEALONG\.\([A-Z-]*\)/RIDEALONG-\1/g' "$page" >"$pages/page"
    install -m 644 "$pages/page" "$share/man/man1/$name.1"
done
echo "installed $prefix/bin/ridealong, its libraries in $prefix/lib/ridealong, manual pages and completions in $share"
