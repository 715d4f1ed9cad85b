needs apt-get
needs apt-cache
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

setting() { apt-config shell value "$1" | sed "s/^value='\(.*\)'$/\1/"; }

# A line: the source as apt names it, whose it is, its suite. What was never fetched is among them.
apt-get update --print-uris | sed -n "s,^'\([^']*\)dists/\([^']*\)/InRelease'.*,\1 \2,p; s,^'\([^']*\)/InRelease'.*,\1 ./,p" | sort -u | while read -r source suite; do
    case $source in
        mirror+file:*)
            list=${source#mirror+file:}
            first=$(grep -o 'https\{0,1\}://[^[:space:]]*' "${list%/}" 2>/dev/null | head -n 1)
            echo "$source $(whose "$first") $suite" ;;
        *) echo "$source $(whose "$source") $suite" ;;
    esac
done >"$work/sources"
grep '^[^ ]* ours ' "$work/sources" | cut -d ' ' -f 1 | sed 's,/$,,' | sort -u >"$work/ours"

reach "$reachable"
if grep -q '^[^ ]* ours ' "$work/sources"; then
    good "sources name $url"
else
    wrong "no source names $url" "pinfold client $mirror prints the files for this client"
fi
grep '^[^ ]* upstream ' "$work/sources" | cut -d ' ' -f 1,3 | sort -u >"$work/upstream"
while read -r source suite; do
    wrong "upstream is a source, too: $source $suite" "take that line out: apt takes the newest version from either"
done <"$work/upstream"

# The keys that our sources are believed by: what Signed-By names, else what apt trusts.
parts=$(setting Dir::Etc::sourceparts/d)
{
    sed 's/^#.*//' "$parts"*.list "$(setting Dir::Etc::sourcelist/f)" 2>/dev/null | grep -F -f "$work/ours" |
        sed -n 's/.*signed-by=\([^] ]*\).*/\1/p' | tr , '\n'
    for file in "$parts"*.sources; do
        [ -r "$file" ] && awk -v ours="$work/ours" '
            BEGIN { while ((getline one < ours) > 0) mine[one] = 1; RS = ""; FS = "\n" }
            {
                is = 0
                for (one in mine) if (index($0, one)) is = 1
                for (at = 1; is && at <= NF; at++) if (tolower($at) ~ /^signed-by:/) { sub(/^[^:]*: */, "", $at); print $at }
            }
        ' "$file" | tr ', ' '[\n*]'
    done
} | grep '^/' | sort -u >"$work/keys"
[ -s "$work/keys" ] || ls "$(setting Dir::Etc::trustedparts/d)"* >"$work/keys" 2>/dev/null
known=
while read -r key; do
    if [ ! -r "$key" ]; then
        wrong "the key $key is not there" "pinfold client $mirror prints it"
        known=1
    elif [ -z "$key_line" ] || grep -qF "$key_line" "$key"; then
        good "the key $key is there"
        known=1
    fi
done <"$work/keys"
if [ -z "$known" ] && [ -s "$work/ours" ]; then
    wrong "the key that signs $mirror is not among those that its source names: $(tr '\n' ' ' <"$work/keys")" "pinfold client $mirror prints it, and where it goes"
fi

# The date that this client sees, and the one that the mirror has now.
lists=$(setting Dir::State::lists/d)
seen=
for file in "$lists"*Release; do
    case $file in
        */"$list_name"_dists_*_InRelease | */"$list_name"_dists_*_Release) ;;
        */*mirror*"$mirror"*_InRelease) ;;
        *) continue ;;
    esac
    seen=1
    own=$(sed -n 's/^Date: //p' "$file" | head -n 1)
    suite=${file##*_dists_}
    suite=$(echo "${suite%_*}" | tr _ /)
    now=$(fetch "$url/dists/$suite/InRelease" 2>/dev/null | sed -n 's/^Date: //p' | head -n 1)
    if [ -z "$now" ] || [ "$own" = "$now" ]; then
        good "$suite is seen as of $own"
    else
        wrong "$suite is seen as of $own, and the mirror has $now" "apt-get update"
    fi
done
[ -n "$seen" ] || wrong "nothing was ever fetched from the mirror" "apt-get update, and read what it says"

# Which source wins, for each package that the mirror has.
apt-cache pkgnames | sort | xargs apt-cache policy 2>/dev/null | awk -v ours="$work/ours" '
    BEGIN { while ((getline one < ours) > 0) mine[one] = 1 }
    function end() { if (name != "" && has && wins != "" && wins != "ours") { lost++; if (lost <= 10) print "lost " name " " candidate " " wins } if (name != "" && has) all++ }
    /^[^ ]/ { end(); name = $1; sub(/:$/, "", name); has = 0; wins = ""; candidate = ""; here = 0; next }
    $1 == "Candidate:" { candidate = $2; next }
    /^ (\*\*\*|   ) [^ ]/ { here = ($1 == "***" ? $2 : $1) == candidate; next }
    /^ +-?[0-9]+ [^ ]/ { source = $2; sub(/\/$/, "", source); if (source in mine) { has = 1; if (here) wins = "ours" } else if (here && wins == "" && source !~ /dpkg\/status$/) wins = source }
    END { end(); print "all " all + 0 " " lost + 0 }
' >"$work/policy"
mend() { echo "apt-cache policy $1; take the other source out, or pin it lower (preferences)"; }
winners "$work/policy"
finish
