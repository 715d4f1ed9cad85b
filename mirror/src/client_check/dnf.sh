needs dnf
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# A line a repository: its name, its first URL, its date, its file. From what was fetched last, without asking anybody.
dnf -q -C --setopt='*.skip_if_unavailable=1' repoinfo --enabled 2>/dev/null | awk -F ' *: +' '
    function end() { if (id != "") print id "\t" (url == "" ? "-" : url) "\t" (date == "" ? "-" : date) "\t" file }
    tolower($1) ~ /^repo[- ]id$/ { end(); id = $2; url = ""; date = ""; file = "" }
    tolower($1) ~ /base ?url$/ && url == "" { url = $0; sub(/^[^:]*: +/, "", url); sub(/[ ,].*/, "", url) }
    tolower($1) ~ /updated$/ { date = $0; sub(/^[^:]*: +/, "", date) }
    tolower($1) ~ /filename$|config file$/ { file = $2 }
    END { end() }
' >"$work/repos"
tab=$(printf '\t')
own=
while IFS=$tab read -r id first date file; do
    case $(whose "$first") in
        ours)
            own="$own $id"
            good "$id names $first, and is seen as of $date"
            sed -n "/^\[$id\]/,/^\[/s,^gpgkey *= *,,p" "$file" 2>/dev/null | tr ', ' '[\n*]' | sed -n 's,^file://,,p' >"$work/keys"
            while read -r key; do
                [ -r "$key" ] && good "the key $key is there"
                [ -r "$key" ] || wrong "the key $key is not there" "pinfold client $mirror prints it"
            done <"$work/keys" ;;
        upstream)
            if sed -n "/^\[$id\]/,/^\[[^]]*\]$/p" "$file" 2>/dev/null | grep -qF "$url"; then
                own="$own $id"
                wrong "$id names upstream first: $first" "put $url before it"
            else
                wrong "upstream is a repository, too: $id at $first" "dnf config-manager --disable $id, or take it out of $file"
            fi ;;
    esac
done <"$work/repos"
reach "$reachable"
if [ -z "$own" ]; then
    wrong "no repository names $url" "pinfold client $mirror prints the file for this client; dnf makecache fetches it first"
    finish
fi

# Which repository wins, for each package that the mirror has: the newest version does.
for id in $own; do
    dnf -q -C --setopt='*.skip_if_unavailable=1' repoquery --repo "$id" --qf '%{name}.%{arch}\n' 2>/dev/null
done | sort -u | sed '/^$/d' >"$work/names"
dnf -q -C --setopt='*.skip_if_unavailable=1' repoquery --latest-limit 1 --qf '%{name}.%{arch} %{evr} %{repoid}\n' 2>/dev/null | sed '/^$/d' | awk -v own=" $own " -v names="$work/names" '
    BEGIN { while ((getline one < names) > 0) mine[one] = 1 }
    $1 in mine { if (index(own, " " $3 " ")) wins[$1] = 1; else { version[$1] = $2; where[$1] = $3 } }
    END { for (one in mine) { all++; if (!(one in wins) && (one in where)) { lost++; if (lost <= 10) print "lost " one " " version[one] " " where[one] } } print "all " all + 0 " " lost + 0 }
' >"$work/policy"
mend() { echo "disable that repository, or give it a higher number (priority=)"; }
winners "$work/policy"
finish
