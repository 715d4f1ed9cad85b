needs apk
reach "$reachable"
own=
while read -r first _; do
    case $first in
        '#'* | '') continue ;;
        @*) first=${first#* } ;;
    esac
    case $(whose "$first") in
        ours) own=1; good "repositories name $first" ;;
        upstream) wrong "upstream is a repository, too: $first" "take that line out: apk takes the newest version from either" ;;
    esac
done </etc/apk/repositories
[ -n "$own" ] || wrong "no repository names $url" "pinfold client $mirror prints the file for this client"
if apk update >/dev/null 2>&1; then
    good "apk believes what the mirror signs"
else
    wrong "apk update fails" "read what it says: of an untrusted signature, the key in /etc/apk/keys is missing"
fi
finish
