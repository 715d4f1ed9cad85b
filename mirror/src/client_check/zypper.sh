needs zypper
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# A line a repository that is enabled: its alias, its URL, its name.
zypper -q --no-refresh lr -E -u 2>/dev/null | awk -F ' *[|] *' 'NR > 1 && $1 ~ /^ *[0-9]+ *$/ { print $2, $NF, $3 }' >"$work/repos"
own=
while read -r id first name; do
    case $(whose "$first") in
        ours)
            own="$own $id"
            echo "$name" >>"$work/own"
            good "$id names $first" ;;
        upstream) wrong "upstream is a repository, too: $id at $first" "zypper modifyrepo --disable $id" ;;
    esac
done <"$work/repos"
reach "$reachable"
if [ -z "$own" ]; then
    wrong "no repository names $url" "pinfold client $mirror --tool zypper prints the file for this client"
    finish
fi

# Which repository wins, for each package that the mirror has: zypper's own word.
for id in $own; do
    zypper -q --no-refresh se -s -t package -r "$id" 2>/dev/null
done | awk -F ' *[|] *' 'NF >= 6 && $3 == "package" { print $2 }' | sort -u >"$work/names"
if [ ! -s "$work/names" ]; then
    wrong "nothing was fetched from the mirror yet" "zypper refresh, and read what it says"
    finish
fi
xargs zypper -q --no-refresh info <"$work/names" 2>/dev/null | awk -F ' *: +' -v own="$work/own" '
    BEGIN { while ((getline one < own) > 0) mine[one] = 1 }
    $1 == "Repository" { where = $2; sub(/ *$/, "", where) }
    $1 == "Name" { name = $2 }
    $1 == "Version" { all++; if (!(where in mine)) { gsub(/ /, "_", where); lost++; if (lost <= 10) print "lost " name " " $2 " " where } }
    END { print "all " all + 0 " " lost + 0 }
' >"$work/policy"
mend() { echo "zypper modifyrepo --disable $2, or a higher number (--priority)"; }
winners "$work/policy"
finish
