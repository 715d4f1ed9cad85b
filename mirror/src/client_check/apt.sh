needs apt-get
needs apt-cache
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# A line: the source as apt names it, whose it is, its suite, and by which key it is believed.
# shellcheck disable=SC2016 # apt puts the values in.
apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(SIGNED_BY)' >"$work/all" 2>/dev/null ||
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(SIGNED_BY)' >"$work/all"
sort -u "$work/all" | while read -r source suite key; do
    case $source in
        mirror+file:*)
            list=${source#mirror+file:}
            first=$(grep -o 'https\{0,1\}://[^[:space:]]*' "${list%/}" 2>/dev/null | head -n 1)
            echo "$source $(whose "$first") $suite $key" ;;
        *) echo "$source $(whose "$source") $suite $key" ;;
    esac
done >"$work/sources"

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

# Keys that our sources are believed by.
grep '^[^ ]* ours ' "$work/sources" | cut -d ' ' -f 4- | sort -u >"$work/keys"
trusted=$(apt-config shell dir Dir::Etc::trustedparts/d | sed "s/^dir='\(.*\)'$/\1/")
while read -r key; do
    case $key in
        /*)
            if [ ! -r "$key" ]; then
                wrong "the key $key is not there" "pinfold client $mirror prints it"
            elif [ -n "$key_line" ] && ! grep -qF "$key_line" "$key" && grep -q 'BEGIN PGP' "$key"; then
                wrong "$key is not the key that signs $mirror" "pinfold client $mirror prints it"
            else
                good "the key $key is there"
            fi ;;
        *)
            if [ -z "$key_line" ] || grep -qsF "$key_line" "$trusted"*.asc; then
                good "the key is among those that apt trusts"
            else
                wrong "the key that signs $mirror is not there" "pinfold client $mirror prints it, and where it goes"
            fi ;;
    esac
done <"$work/keys"

# The date that this client sees, and the one that the mirror has now.
lists=$(apt-config shell dir Dir::State::lists/d | sed "s/^dir='\(.*\)'$/\1/")
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
grep '^[^ ]* ours ' "$work/sources" | cut -d ' ' -f 1 | sort -u >"$work/ours"
apt-cache pkgnames | sort | xargs apt-cache policy 2>/dev/null | awk -v ours="$work/ours" '
    BEGIN { while ((getline one < ours) > 0) { sub(/\/$/, "", one); mine[one] = 1 } }
    function end() { if (name != "" && has && wins != "" && wins != "ours") { lost++; if (lost <= 10) print "lost " name " " candidate " " wins } if (name != "" && has) all++ }
    /^[^ ]/ { end(); name = $1; sub(/:$/, "", name); has = 0; wins = ""; candidate = ""; here = 0; next }
    $1 == "Candidate:" { candidate = $2; next }
    /^ (\*\*\*|   ) [^ ]/ { here = ($1 == "***" ? $2 : $1) == candidate; next }
    /^ +-?[0-9]+ [^ ]/ { source = $2; sub(/\/$/, "", source); if (source in mine) { has = 1; if (here) wins = "ours" } else if (here && wins == "" && source !~ /dpkg\/status$/) wins = source }
    END { end(); print "all " all + 0 " " lost + 0 }
' >"$work/policy"
while read -r word first second third; do
    case $word in
        lost) wrong "$first: $second is taken from $third" "apt-cache policy $first; take the other source out, or pin it lower (preferences)" ;;
        all)
            [ "$second" = 0 ] && good "the mirror wins for all of its $first packages"
            [ "$second" -gt 10 ] && note "the same for $((second - 10)) more packages" ;;
    esac
done <"$work/policy"
finish
