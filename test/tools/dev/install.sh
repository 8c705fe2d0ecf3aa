# Installs what a fresh Debian lacks, from its own package archive.

pg_major_of() { "$1" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/'; }

apt_updated=
apt_install() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    need_root
    if [ -z "$apt_updated" ]; then
        step "apt-get update"
        quietly "$build/log/apt-update.log" apt-get update
        apt_updated=1
    fi
    step "apt-get install ${missing[*]}"
    quietly "$build/log/apt-install.log" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
        apt-get install -y --no-install-recommends "${missing[@]}"
}

# The compiler, PostgreSQL and the driver. Debian's package would create and start a cluster "main": not ours to make.
install_build() {
    local conf=/etc/postgresql-common/createcluster.d/mongo_fdw_cpp.conf made=
    if ! dpkg-query -W -f='${Status}' postgresql-common 2>/dev/null | grep -q 'ok installed'; then
        need_root
        mkdir -p "${conf%/*}"
        echo 'create_main_cluster = false' >"$conf"
        made=1
    fi
    local major
    major=$(apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1)
    if [ -z "$major" ] && [ -z "$apt_updated" ]; then
        step "apt-get update"
        quietly "$build/log/apt-update.log" apt-get update
        apt_updated=1
        major=$(apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1)
    fi
    [ -n "$major" ] || fail "no package postgresql in the package archive"
    apt_install g++ make pkg-config libmongoc-dev python3 "postgresql-$major" "postgresql-server-dev-$major"
    [ -z "$made" ] || rm -f "$conf"
    pg_config=/usr/lib/postgresql/$major/bin/pg_config
    [ -x "$pg_config" ] || fail "$pg_config is missing"
    pg_bin=$("$pg_config" --bindir)
}

install_tests() { apt_install cmake libgtest-dev libipc-run-perl openssl; }

# Builds the extension and installs it into the PostgreSQL found by install_build.
build_extension() {
    install_build
    step "build the extension for PostgreSQL $(pg_major_of "$pg_config")"
    quietly "$build/log/make.log" make -C "$top" -j"$(nproc)" PG_CONFIG="$pg_config" COPT="${COPT-}"
    need_root
    quietly "$build/log/make-install.log" make -C "$top" PG_CONFIG="$pg_config" install
}
