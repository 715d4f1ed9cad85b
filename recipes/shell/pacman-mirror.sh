#!/bin/sh
# pacman-mirror: a mirror of the repositories of Arch Linux, kept by Pinfold.
#
# The host needs nginx first, from its own recipe: Pinfold writes one server block for all mirrors of the host, and installs no
# web server. Several such recipes share one host, one nginx and one pinfold.toml, which all of them write alike.
# As root: sh pacman-mirror.sh, and sh pacman-mirror.sh retract to take it back; the data stay.
# Made by recipes/generate of recipes/table: change those.
set -eu

# Name of the mirror.
mirror='archlinux'
# Path below site_url at which clients ask for it.
mount='archlinux'
# Upstream.
url='https://geo.mirror.pkgbuild.com/'
# Repositories.
repositories='["core", "extra"]'
# Architectures.
architectures='["x86_64"]'
# Keys of the packagers (package archlinux-keyring).
keyrings='["/usr/share/pacman/keyrings/archlinux.gpg"]'
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
family = "pacman"
mount = "$mount"
upstream = "$url"
repositories = $repositories
architectures = $architectures
keyrings = $keyrings
unsigned = true
package-signatures = "require"
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
