#!/bin/sh
# Installs what building, testing and the demo need and this machine lacks, with apt; does nothing if nothing is missing.
# Runs as root or with sudo, asks nothing, and starts no service.
set -eu

oldest_swift=6.2

fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# The toolchain is not in Debian. Looked for first, since nothing else is of use without it.
check_swift() {
    remedy="install Swift $oldest_swift or later, see https://www.swift.org/install/linux/"
    has swift || fail "there is no swift on PATH: $remedy"
    said=$(swift --version 2>&1) || fail "swift does not run here: $said: install what it lacks, or $remedy"
    found=$(printf '%s\n' "$said" | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
    [ "$(printf '%s\n%s\n' "$oldest_swift" "${found:-0}" | sort -V | head -n 1)" = "$oldest_swift" ] ||
        fail "swift is version ${found:-unknown}, which is too old: $remedy"
}

# Called by itself under sudo, it installs packages only: root may have another PATH than the user who builds.
[ "${1:-}" = packages ] || check_swift

# Wants package $1 unless the test that follows succeeds. Tests look for the thing itself, not for Debian's package of it: an rr of your
# own on PATH is as good as Debian's.
missing=
want() {
    package=$1
    shift
    "$@" || missing="$missing $package"
}
postgres_is_there() { has postgres || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; }
library() { has pkg-config && pkg-config --exists "$1"; }

# Daemons and tcpdump live in sbin, which is not on every user's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Building.
want git has git
want make has make
want gcc has cc
want libc6-dev test -e /usr/include/stdio.h
want pkg-config has pkg-config
want libbrotli-dev library libbrotlidec
want libsqlite3-dev library sqlite3
# Recording and replaying.
want rr has rr
want gdb has gdb
# The programs that the tests and the demo record, and those that tests compare with.
want redis-server has redis-server
want redis-tools has redis-cli
want nginx-light has nginx
want memcached has memcached
want curl has curl
want python3 has python3
want postgresql postgres_is_there
want golang-go has go
want nodejs has node
want openmpi-bin has mpirun
want libopenmpi-dev has mpicc
want tcpdump has tcpdump
want tshark has tshark
want strace has strace
# Tests that lose datagrams on purpose, as root.
want nftables has nft

# The services among the packages just installed: they shall not start at the next boot either.
disable_services() {
    has systemctl || return 0
    for package in $missing; do
        case $package in
        redis-server) systemctl --quiet disable redis-server || true ;;
        nginx-light) systemctl --quiet disable nginx || true ;;
        memcached) systemctl --quiet disable memcached || true ;;
        postgresql) systemctl --quiet disable postgresql || true ;;
        esac
    done
}

install_missing() {
    has apt-get || fail "this machine lacks$missing, and has no apt-get to install them with: install them by its own means"
    # Debian starts services as it installs them, unless this file says no.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        trap 'exit 130' INT TERM HUP
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q || fail "apt-get update failed (see above): is there a network?"
    # shellcheck disable=SC2086 # one word for each package
    apt-get install -q -y --no-install-recommends $missing || fail "apt-get could not install$missing (see above)"
    disable_services
}

if [ -n "$missing" ]; then
    if [ "$(id -u)" -eq 0 ]; then
        echo "setup: installing$missing"
        install_missing
    elif has sudo; then
        echo "setup: this machine lacks$missing; installing them with sudo"
        sudo -- "$0" packages
    else
        fail "this machine lacks$missing, and there is no sudo; as root: apt-get install --no-install-recommends$missing"
    fi
fi
