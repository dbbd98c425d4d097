// caractrl completion: scripts that ask `caractrl __complete` at each press of the tab key.
#include "cli/say.h"
#include "cli/verb.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

// Readline cuts words at `=`, `:` and `@` as well, and replaces only what is behind the last of
// them. Nothing that a cluster says is ever evaluated: no compgen -W, no eval.
constexpr const char* kBash = R"script(# caractrl completion bash
_caractrl() {
  local rest=$COMP_LINE words=() i word quote='' current mode='' before value
  for ((i = 0; i <= COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if ((i > 0)) && [[ $rest != [[:space:]]* ]]; then
      words[${#words[@]} - 1]+=$word
    else
      rest=${rest#"${rest%%[![:space:]]*}"}
      words+=("$word")
    fi
    rest=${rest#"$word"}
  done
  current=${words[${#words[@]} - 1]}
  if [[ $current == [\"\']* ]]; then quote=${current:0:1}; fi
  for i in "${!words[@]}"; do words[i]=${words[i]//[\"\'\\]/}; done
  current=${words[${#words[@]} - 1]}
  before=${current%"${current##*[=:@]}"}
  COMPREPLY=()
  while IFS=$'\t' read -r value _; do
    if [[ -z $mode ]]; then mode=$value && continue; fi
    if [[ -z $quote ]]; then
      value=${value#"$before"}
      printf -v value %q "$value"
    fi
    COMPREPLY+=("$value")
  done < <("${words[0]/#\~/$HOME}" __complete -- "${words[@]:1}" 2>/dev/null)
  if [[ $mode == files ]]; then compopt -o default; fi
}
complete -F _caractrl caractrl
)script";

constexpr const char* kZsh = R"script(#compdef caractrl
# caractrl completion zsh
_caractrl() {
  local -a lines names shown
  local line
  lines=("${(@f)$("${(Q)words[1]/#\~/$HOME}" __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $lines[1] == files ]]; then
    [[ $PREFIX == -*=* ]] && compset -P '*='
    _files
    return
  fi
  for line in "${(@)lines[2,-1]}"; do
    names+=("${line%%$'\t'*}")
    shown+=("${line%%$'\t'*}${${line#*$'\t'}:+  ${line#*$'\t'}}")
  done
  if [[ $PREFIX == -*=* ]]; then
    compset -P '*='
    names=("${(@)names#*=}")
  fi
  compadd -l -d shown -a names
}
if [[ $funcstack[1] == _caractrl ]]; then _caractrl "$@"; else compdef _caractrl caractrl; fi
)script";

constexpr const char* kFish = R"script(# caractrl completion fish
function __caractrl_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($before[1] __complete -- $before[2..-1] "$current" 2>/dev/null)
    if test "$lines[1]" = files
        __fish_complete_path "$current"
        return
    end
    for line in $lines[2..-1]
        printf '%s\n' $line
    end
end
complete -c caractrl -f -a '(__caractrl_complete)'
)script";

Exit print_script(Context& context, const host::Flags& flags) {
  const std::vector<std::string>& words = flags.positionals();
  if (words.size() != 1) {
    return say_usage(context, "completion", "for which shell? Name bash, zsh or fish");
  }
  const char* script = words[0] == "bash"   ? kBash
                       : words[0] == "zsh"  ? kZsh
                       : words[0] == "fish" ? kFish
                                            : nullptr;
  if (script == nullptr) {
    return say_usage(
        context, "completion",
        "`" + schema::printable(words[0]) + "` is none of the shells bash, zsh and fish");
  }
  context.out << script;
  return kDone;
}

}  // namespace

const Verb& completion_verb() {
  static const Verb kVerb{
      .name = "completion",
      .summary = "Print a script that teaches a shell to complete our command lines",
      .usage = "completion bash|zsh|fish",
      .details =
          "Commands, flags, their values, and names of projects, services and nodes, which are\n"
          "asked of the cluster: without one they are not offered, and nothing else is said.\n"
          "\n"
          "Examples:\n"
          "  caractrl completion bash >/etc/bash_completion.d/caractrl\n"
          "  source <(caractrl completion bash)\n"
          "  caractrl completion zsh >\"${fpath[1]}/_caractrl\"\n"
          "  caractrl completion fish >~/.config/fish/completions/caractrl.fish\n",
      .flags = {},
      .run = print_script};
  return kVerb;
}

}  // namespace cara::cli
