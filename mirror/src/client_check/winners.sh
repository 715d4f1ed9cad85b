# Tells whose packages win, by a file of "lost PACKAGE VERSION WHERE" and one "all PACKAGES LOST"; mend PACKAGE WHERE says what to do.
winners() {
    while read -r word first second third; do
        case $word in
            lost) wrong "$first: $second is taken from $third" "$(mend "$first" "$third")" ;;
            all)
                [ "$second" = 0 ] && good "the mirror wins for all of its $first packages"
                [ "$second" -gt 10 ] && note "the same for $((second - 10)) more packages" ;;
        esac
    done <"$1"
}
