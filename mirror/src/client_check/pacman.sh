needs pacman
needs pacman-conf
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

reach "$reachable"
base=$(pacman-conf DBPath)
own=
pacman-conf --repo-list >"$work/repos"
while read -r id; do
    pacman-conf --repo="$id" Server >"$work/servers" 2>/dev/null
    first=$(head -n 1 "$work/servers")
    case $(whose "$first") in
        ours)
            own="$own $id"
            good "$id asks $first first"
            if [ -f "$base/sync/$id.db" ]; then
                good "$id is seen as of $(date -u -r "$base/sync/$id.db" '+%Y-%m-%d %H:%M') UTC"
            else
                wrong "nothing was fetched for $id yet" "pacman -Sy, and read what it says"
            fi ;;
        *)
            if grep -qF "$url/" "$work/servers"; then
                own="$own $id"
                wrong "$id asks $first first, and the mirror only when that is down" "put $url first in its list of servers"
            elif [ "$(whose "$first")" = upstream ]; then
                wrong "$id asks upstream: $first" "pinfold client $mirror prints the list of servers"
            fi ;;
    esac
done <"$work/repos"
if [ -z "$own" ]; then
    wrong "no repository asks $url" "pinfold client $mirror prints the list of servers"
    finish
fi

# Of repositories that have one package, pacman takes that which its file names first.
while read -r id; do
    pacman -Sl "$id" 2>/dev/null | awk '{ print $2, $3, $1 }'
done <"$work/repos" | awk -v own=" $own " '
    !($1 in where) { where[$1] = $3; version[$1] = $2 }
    index(own, " " $3 " ") { mine[$1] = 1 }
    END { for (one in mine) { all++; if (!index(own, " " where[one] " ")) { lost++; if (lost <= 10) print "lost " one " " version[one] " " where[one] } } print "all " all + 0 " " lost + 0 }
' >"$work/policy"
mend() { echo "put $2 behind the mirror's repositories in pacman.conf"; }
winners "$work/policy"
finish
