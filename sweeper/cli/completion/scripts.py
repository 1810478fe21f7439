"""The scripts for shells, and what each of them is answered in its own way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sweeper.cli.completion.answers import answers, in_quotes
from sweeper.cli.completion.values import SHELLS
from sweeper.errors import SweeperError, choices, shown

_BASH = r"""# Completion of sweeper in bash: source <(sweeper completion bash)
_sweeper() {
    local line=${COMP_LINE:0:COMP_POINT} answer marks="" typed before=""
    [[ $COMP_WORDBREAKS == *=* ]] && marks+="="
    [[ $COMP_WORDBREAKS == *:* ]] && marks+=":"
    typed=${line##*[[:space:]]}
    # What bash completes begins behind the last = or : of a word.
    if [[ -n $marks && $typed == *[$marks]* && $typed != [\"\']* ]]; then
        before=${typed%"${typed##*[$marks]}"}
    fi
    COMPREPLY=()
    while IFS= read -r answer; do
        COMPREPLY+=("${answer#"$before"}")
    done < <("${1/#\~/$HOME}" completion bash line="$line" 2>/dev/null)
}
complete -o nospace -F _sweeper sweeper
"""

_ZSH = r"""#compdef sweeper
# Completion of sweeper in zsh: source <(sweeper completion zsh), after compinit
_sweeper() {
    local line="${(j: :)words[1,CURRENT-1]} $QIPREFIX$PREFIX" answer
    local -a ended about_ended open about_open
    for answer in "${(@f)$(${~words[1]} completion zsh line="$line" 2>/dev/null)}"; do
        case ${answer%%$'\t'*} in
            '') ;;
            *[=/.]) open+=("${answer%%$'\t'*}") about_open+=("${answer//$'\t'/  }") ;;
            *) ended+=("${answer%%$'\t'*}") about_ended+=("${answer//$'\t'/  }") ;;
        esac
    done
    (( $#ended )) && compadd -l -d about_ended -a ended
    (( $#open )) && compadd -l -S '' -d about_open -a open
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _sweeper "$@"
else
    compdef _sweeper sweeper
fi
"""

_FISH = r"""# Completion of sweeper in fish: sweeper completion fish | source
function __sweeper_answers
    set -l line (commandline -cp)
    set -l program (commandline -opc)[1]
    $program completion fish line="$line" 2>/dev/null
end
complete -c sweeper -f -a '(__sweeper_answers)'
"""

SCRIPTS: Mapping[str, str] = dict(zip(SHELLS, (_BASH, _ZSH, _FISH), strict=True))
"""What each shell sources."""

_SPECIAL = re.compile(r"([^\w@%+=:,./~-])")
"""What bash would not take for a part of a word."""


def checked(shell: str | None) -> str:
    """The shell; raises `SweeperError` for one that has no script."""
    if shell is None:
        raise SweeperError(f"a shell is needed: one of {', '.join(SHELLS)}")
    if shell not in SCRIPTS:
        raise SweeperError(f"unknown shell {shown(shell)}{choices(shell, SHELLS)}")
    return shell


def answered(shell: str, line: str) -> Iterator[str]:
    """What may follow a line, a word on each line: with its meaning where the shell shows that.

    In bash, which adds nothing here, a blank stands behind each word that is whole.
    """
    for answer in answers(line):
        if shell == "bash" and in_quotes(line):
            yield answer.word
        elif shell == "bash":
            yield _SPECIAL.sub(r"\\\1", answer.word) + (" " if answer.ended else "")
        else:
            yield f"{answer.word}\t{answer.about}" if answer.about else answer.word
