set -u
export LC_ALL=C
bad=0
good() { printf 'ok     %s\n' "$1"; }
note() { printf 'note   %s\n' "$1"; }
wrong() {
    printf 'WRONG  %s\n       %s\n' "$1" "$2"
    bad=1
}
# Says whose a URL is: ours, upstream or other.
whose() {
    case "${1%/}/" in
        "$url"/*) echo ours; return ;;
    esac
    for one in $upstream; do
        case "${1%/}/" in
            "$one"/*) echo upstream; return ;;
        esac
    done
    echo other
}
# Fetches a URL to the standard output with what there is.
fetch() {
    if command -v curl >/dev/null; then
        curl -sSf --max-time 20 "$1"
    elif command -v wget >/dev/null; then
        wget -q -T 20 -O - "$1"
    else
        return 9
    fi
}
reach() {
    fetch "$1" >/dev/null 2>&1
    case $? in
        0) good "the mirror answers at $1" ;;
        9) note "neither curl nor wget is here: whether the mirror answers is not known" ;;
        *) wrong "the mirror does not answer at $1" "see the name, the port, the firewall and the certificate: curl -v $1" ;;
    esac
}
finish() {
    [ "$bad" = 0 ] && echo "this client follows $follows of $mirror"
    exit "$bad"
}
needs() {
    command -v "$1" >/dev/null && return
    echo "$1 is not here: this is no client of $mirror" >&2
    exit 2
}
