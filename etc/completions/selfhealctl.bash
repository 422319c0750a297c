# bash takes a colon for the end of a word; names have one: program:web.
_selfhealctl_completion() {
    local IFS=$'\n' line=${COMP_LINE:0:COMP_POINT} before
    local word=${line##*[[:space:]]}
    COMPREPLY=( $( _TYPER_COMPLETE_ARGS="$line" _TYPER_COMPLETE_FISH_ACTION=get-args \
                   _SELFHEALCTL_COMPLETE=complete_fish $1 2>/dev/null ) )
    COMPREPLY=( "${COMPREPLY[@]%%$'\t'*}" )
    if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then
        before=${word%"${word##*:}"}
        COMPREPLY=( "${COMPREPLY[@]#"$before"}" )
    fi
    return 0
}

complete -o default -F _selfhealctl_completion selfhealctl
