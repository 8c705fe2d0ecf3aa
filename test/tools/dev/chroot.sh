# Debian chroots for the other legs of the build matrix and for the engine documentdb.
# Made once, in the user's cache, keyed by suite and recipe; a killed run leaves only DIR.tmp, which the next one removes.

chroot_recipe=2
debian_mirror() {
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
        sed -n 's/^Debian|Debian|//p' | head -n 1
}

# Runs inside a private mount namespace, so that mounts vanish with it, however it ends.
make_chroot_inner() {
    local suite=${1%%+*} newer=${1#*+} dir=$2 file; shift 2
    rm -rf --one-file-system "$dir.tmp"
    debootstrap --variant=minbase "$suite" "$dir.tmp" "$(debian_mirror)" /usr/share/debootstrap/scripts/sid
    {
        echo 'Acquire::Check-Valid-Until "false";'
        echo 'Acquire::Languages "none";'
        echo 'Dpkg::Options:: "--force-unsafe-io";'
        apt-config dump | grep -iE '^Acquire::(http|https|ftp)::' | grep -v '::proxy-auto' || true
    } >"$dir.tmp/etc/apt/apt.conf.d/99mongo_fdw_cpp"
    printf '#!/bin/sh\nexit 101\n' >"$dir.tmp/usr/sbin/policy-rc.d"
    chmod +x "$dir.tmp/usr/sbin/policy-rc.d"
    mkdir -p "$dir.tmp/etc/postgresql-common" "$dir.tmp/usr/local/share/ca-certificates"
    echo 'create_main_cluster = false' >"$dir.tmp/etc/postgresql-common/createcluster.conf"
    cp /etc/resolv.conf /etc/hosts "$dir.tmp/etc/"
    for file in /usr/local/share/ca-certificates/*.crt; do
        [ ! -e "$file" ] || cp "$file" "$dir.tmp/usr/local/share/ca-certificates/"
    done
    if [ "$newer" != "$suite" ]; then # a PostgreSQL that is in Debian's experimental part alone
        echo "deb $(debian_mirror) experimental main" >"$dir.tmp/etc/apt/sources.list.d/experimental.list"
        printf 'Package: src:postgresql-%s\nPin: release a=experimental\nPin-Priority: 500\n' "$newer" \
            >"$dir.tmp/etc/apt/preferences.d/postgresql"
    fi
    mount -t proc proc "$dir.tmp/proc"
    chroot "$dir.tmp" apt-get update
    chroot "$dir.tmp" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
        apt-get install -y --no-install-recommends "$@" </dev/null
    chroot "$dir.tmp" apt-get clean
    umount "$dir.tmp/proc"
    touch "$dir.tmp/.complete"
}

# ensure_chroot SUITE[+N] PACKAGE...: prints nothing; sets $chroot_dir. With +N PostgreSQL N comes from experimental.
ensure_chroot() {
    local suite=$1; shift
    chroot_dir=$cache/chroot-$suite-$chroot_recipe
    [ ! -e "$chroot_dir/.complete" ] || return 0
    need_root
    apt_install debootstrap
    mkdir -p "$cache"
    exec 9>"$chroot_dir.lock"
    flock 9
    if [ ! -e "$chroot_dir/.complete" ]; then
        step "make a Debian $suite chroot in $chroot_dir (once, about 2 minutes)"
        export -f make_chroot_inner debian_mirror
        quietly "$build/log/chroot-$suite.log" unshare -m bash -euc 'make_chroot_inner "$@"' - "$suite" "$chroot_dir" "$@"
        mv "$chroot_dir.tmp" "$chroot_dir"
    fi
    exec 9>&-
}

forky_chroot() {
    ensure_chroot forky postgresql-18 postgresql-18-documentdb postgresql-server-dev-18 libmongoc-dev g++ make \
        pkg-config ca-certificates libipc-run-perl openssl golang-go postgresql-18-mongo-fdw
}
experimental_chroot() {
    ensure_chroot forky+19 postgresql-19 postgresql-server-dev-19 libmongoc-dev g++ make pkg-config libipc-run-perl openssl
}
trixie_chroot() {
    ensure_chroot trixie postgresql-17 postgresql-server-dev-17 libmongoc-dev g++ make pkg-config libipc-run-perl openssl
}
