#!/bin/sh
# apt-mirror: a mirror of an archive of Debian or Ubuntu, kept by Pinfold.
#
# The host needs nginx first, from its own recipe: Pinfold writes one server block for all mirrors of the host, and installs no
# web server. Several such recipes share one host, one nginx and one pinfold.toml, which all of them write alike.
# As root: sh apt-mirror.sh, and sh apt-mirror.sh retract to take it back; the data stay.
# Made by recipes/generate of recipes/table: change those.
set -eu

# Name of the mirror, and of everything that belongs to it: [a-z0-9._-], at most 64 letters.
mirror='ubuntu'
# Path below site_url at which clients ask for it.
mount='archive.ubuntu.com/ubuntu'
# Upstream.
url='http://archive.ubuntu.com/ubuntu'
# Suites: what stands third in a line of sources.list.
suites='["noble", "noble-updates", "noble-security"]'
# Components. All four of one Ubuntu release are hundreds of GB.
components='["main", "restricted", "universe", "multiverse"]'
# Architectures; "source" for sources.
architectures='["amd64"]'
# Keyrings that vouch for it (package ubuntu-keyring or debian-archive-keyring).
keyrings='["/usr/share/keyrings/ubuntu-archive-keyring.gpg"]'
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
family = "apt"
mount = "$mount"
upstream = "$url"
suites = $suites
components = $components
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
