#!/usr/bin/env bash
# `make test-newest`: runs `make test` on TFX 1.21, which needs glibc 2.39. On an older system this makes a Debian 13
# root folder once and runs the tests inside it. That needs root, but changes nothing outside the folder.
#     bash scripts/test_newest.sh [MAKE TARGETS]      (default: test)
# RETRAIN_ROOTFS names the folder (default .cache/debian13); ARGS goes to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ $# -gt 0 ] || set -- test

fail() {
    echo "test-newest: $*" >&2
    exit 2
}

glibc=$(getconf GNU_LIBC_VERSION | cut -d ' ' -f 2)
if [ "$(printf '%s\n' 2.39 "$glibc" | sort -V | head -n 1)" = 2.39 ]; then
    echo "test-newest: this machine has glibc $glibc, so make $* runs TFX 1.21 already."
    exec make "$@" ARGS="${ARGS:-}"
fi
[ "$(id -u)" = 0 ] ||
    fail "glibc $glibc < 2.39, and only root can make a root folder: run it as root, or make test on Debian 13."

# All mounts below are made in a mount namespace of this process. However it ends, even killed, they are gone: nothing
# that stays behind could lead an `rm -rf` of the folder into /dev or the cache.
if [ -z "${RETRAIN_OWN_MOUNTS:-}" ]; then
    unshare --mount true 2>/dev/null || fail "this container may not mount: start it with more rights (CAP_SYS_ADMIN)."
    RETRAIN_OWN_MOUNTS=1 exec unshare --mount --propagation private bash scripts/test_newest.sh "$@"
fi

echo "test-newest: this machine has glibc $glibc < 2.39, so make $* runs in a Debian 13 root folder."

root=${RETRAIN_ROOTFS:-$PWD/.cache/debian13}
mkdir -p "$(dirname "$root")"
root=$(cd "$(dirname "$root")" && pwd)/$(basename "$root")

make_root() {
    if ! command -v debootstrap >/dev/null; then
        echo "test-newest: installing debootstrap"
        command -v apt-get >/dev/null || fail "debootstrap is missing: install it with this system's package manager."
        export DEBIAN_FRONTEND=noninteractive
        { apt-get update -qq && apt-get install -qq -y debootstrap debian-archive-keyring; } </dev/null >/dev/null ||
            fail "apt-get could not install debootstrap: install it, then start again."
    fi
    echo "test-newest: making $root (once, some minutes)"
    # Under another name until it is complete, so that a broken one is never used.
    rm -rf --one-file-system "$root" "$root.part"
    debootstrap --variant=minbase \
        --include=python3,python3-venv,python3-dev,g++,make,ca-certificates,git \
        trixie "$root.part" </dev/null >"$root.log" 2>&1 ||
        fail "debootstrap failed ($(tail -n 1 "$root.log")): the full output is in $root.log."
    rm -rf "$root.part"/var/cache/apt/archives/*.deb
    mv "$root.part" "$root"
}
[ -x "$root/usr/bin/python3" ] || make_root

# The network as this machine has it: names, certificates, and the settings of pip and uv.
copy_in() { # FILES that may exist
    local file
    for file; do
        if [ -f "$file" ]; then
            install -D -m 600 "$(readlink -f "$file")" "$root$file"
        fi
    done
}
rm -f "$root/etc/resolv.conf" # It may be a link to somewhere else.
copy_in /etc/resolv.conf /etc/ssl/certs/ca-certificates.crt /etc/pip.conf /etc/uv/uv.toml
chmod 644 "$root/etc/resolv.conf" "$root/etc/ssl/certs/ca-certificates.crt"
for file in .pip/pip.conf .config/pip/pip.conf .config/uv/uv.toml .netrc; do
    if [ -f "$HOME/$file" ]; then
        install -D -m 600 "$HOME/$file" "$root/root/$file"
    fi
done
passed=()
while IFS='=' read -r -d '' name value; do
    case $name in
    UV_CACHE_DIR | UV_PYTHON* | PIP_TARGET | PIP_PREFIX | PIP_USER) ;; # Of this machine, not of the network.
    PIP_* | UV_* | SSL_CERT_* | *_CA_BUNDLE | *_proxy | *_PROXY)
        passed+=("$name=$value")
        case $value in /*) copy_in "$value" ;; esac
        ;;
    esac
done < <(env -0)

# The repository as it is now, also what is not committed. .venv and .tools of the last time stay: that saves minutes.
here=$root/root/retrain
mkdir -p "$here"
find "$here" -mindepth 1 -maxdepth 1 ! -name .venv ! -name .tools -exec rm -rf {} +
git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do if [ -e "$file" ]; then printf '%s\0' "$file"; fi; done |
    tar --create --null --files-from - | tar --extract --no-same-owner --directory "$here"

# One cache for both, so that nothing is downloaded twice. Copies, as no hard link leads out of a mount.
cache=$("$(sh scripts/find_python.sh scripts/uv_tool.py)" cache dir)
mkdir -p "$cache" "$root/var/cache/uv"
mount --bind "$cache" "$root/var/cache/uv"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"

echo "test-newest: make $* in $root"
chroot "$root" /usr/bin/env -i \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
    "${passed[@]}" UV_CACHE_DIR=/var/cache/uv UV_LINK_MODE=copy ARGS="${ARGS:-}" \
    make --directory /root/retrain "$@" </dev/null
