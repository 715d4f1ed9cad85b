#!/bin/sh
# apk-mirror: a mirror of the archive of Alpine Linux, kept by Pinfold.
#
# The host needs nginx first, from its own recipe: Pinfold writes one server block for all mirrors of the host, and installs no
# web server. Several such recipes share one host, one nginx and one pinfold.toml, which all of them write alike.
# As root: sh apk-mirror.sh, and sh apk-mirror.sh retract to take it back; the data stay.
# Made by recipes/generate of recipes/table: change those.
set -eu

# Name of the mirror.
mirror='alpine'
# Path below site_url at which clients ask for it.
mount='alpine'
# Upstream.
url='https://dl-cdn.alpinelinux.org/alpine'
# Versions: v3.20, edge.
versions='["v3.20"]'
# Repositories of each version.
repositories='["main", "community"]'
# Architectures.
architectures='["x86_64"]'
# Keys, by the names of their files (package alpine-keys).
keyrings='["/etc/apk/keys/alpine-devel@lists.alpinelinux.org-6165ee59.rsa.pub"]'
# When it is synced: cron's five fields, in the host's time zone.
schedule='0 4 * * *'
# Where everything is kept, and the URL by which clients ask: the same for all mirrors of a host.
root='/srv/pinfold'
site_url='http://mirror.example.com'
# For images and trials: everything is written below this folder.
prefix=${PREFIX:-}

etc=$prefix/etc/pinfold
pinfold() { command pinfold --config "$etc/pinfold.toml" "$@"; }
host() { pinfold "$@" ${prefix:+"--prefix=$prefix"}; }

case ${1:-setup} in
setup)
    umask 022
    mkdir -p "$etc/mirrors.d"
    [ -e "$etc/pinfold.toml" ] || cat >"$etc/pinfold.toml" <<END
root = "$root"
[site]
url = "$site_url"
END
    cat >"$etc/mirrors.d/$mirror.toml" <<END
family = "apk"
mount = "$mount"
upstream = "$url"
versions = $versions
repositories = $repositories
architectures = $architectures
keyrings = $keyrings
schedule = "$schedule"
END
    host setup "$mirror"
    if [ -z "$prefix" ]; then
        runuser -u pinfold -- pinfold init
        echo "the first sync takes hours: sudo -u pinfold pinfold sync $mirror --background"
    fi
    ;;
retract)
    host retract "$mirror"
    rm -f "$etc/mirrors.d/$mirror.toml"
    ;;
*)
    echo "usage: $0 [setup|retract]" >&2
    exit 2
    ;;
esac
