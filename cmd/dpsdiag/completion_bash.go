package main

// bashCompletion is the script for bash. It asks the program itself, by cobra's __complete,
// and needs nothing of the package bash-completion, which many devices lack. It is for
// bash 3.2 and later; before 4.0 there is no compopt, and files are offered everywhere.
const bashCompletion = `# bash completion for dpsdiag

__dpsdiag_complete()
{
    # The shell breaks words at = and : too; put them together again.
    local rest=${COMP_LINE:0:COMP_POINT} words=() cur i
    for ((i = 0; i < COMP_CWORD; i++)); do
        if ((i == 0)) || [[ $rest == [[:blank:]]* ]]; then
            rest=${rest#"${rest%%[![:blank:]]*}"}
            words+=("${COMP_WORDS[i]}")
        else
            words[${#words[@]} - 1]+=${COMP_WORDS[i]}
        fi
        rest=${rest#"${COMP_WORDS[i]}"}
    done
    if [[ $rest == [[:blank:]]* ]]; then
        cur=${rest#"${rest%%[![:blank:]]*}"}
    else
        cur=${words[${#words[@]} - 1]}$rest
        unset "words[${#words[@]} - 1]"
    fi

    # Each answer is a word, then perhaps a tab and what it means; the last is the directive.
    local out directive
    out=$("${words[0]/#\~/$HOME}" __complete "${words[@]:1}" "$cur" 2>/dev/null) || return
    directive=${out##*:}
    out=${out%:*}
    [[ $cur == -*=* ]] && cur=${cur#*=}

    local line longest=0 found=()
    while IFS= read -r line; do
        if [[ -n $line && ${line%%$'\t'*} == "$cur"* ]]; then
            found+=("$line")
            line=${line%%$'\t'*}
            ((${#line} > longest)) && longest=${#line}
        fi
    done <<<"$out"

    # Where there is a choice, show what each word means.
    local word room text
    COMPREPLY=()
    for line in ${found[@]+"${found[@]}"}; do
        word=${line%%$'\t'*}
        room=$((${COLUMNS:-80} - longest - 4))
        if [[ $line == *$'\t'* && ${#found[@]} -gt 1 && $room -gt 8 && $COMP_TYPE != 37 && $COMP_TYPE != 42 ]]; then
            text=${line#*$'\t'}
            ((${#text} > room)) && text=${text:0:room-3}...
            printf -v word '%-*s  (%s)' "$longest" "$word" "$text"
        fi
        COMPREPLY+=("$word")
    done

    if (((directive & 16) != 0)); then # folders
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$cur")
        [[ $(type -t compopt) == builtin ]] && compopt -o filenames
    elif (((directive & 4) != 0)); then # no files
        [[ $(type -t compopt) == builtin ]] && compopt +o default
    elif ((${#COMPREPLY[@]} > 0)) && [[ -n $cur ]]; then # words and files
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur")
    fi

    # The shell replaces only what stands after the last = or : of the word.
    local char
    for char in = :; do
        if [[ $cur == *"$char"* && $COMP_WORDBREAKS == *"$char"* ]]; then
            line=${cur%"${cur##*"$char"}"}
            for i in ${!COMPREPLY[*]}; do COMPREPLY[i]=${COMPREPLY[i]#"$line"}; done
        fi
    done
}

complete -o default -F __dpsdiag_complete dpsdiag
`
