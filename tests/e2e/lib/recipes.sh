# The commands of a page, run as they stand there. Sourced, after load.sh.
#   read_page FILE                  keeps every block of shell commands
#   recipe WHAT NEEDLE [PREFIX...]  runs the one block that holds NEEDLE; `output`: what it printed
#   begin_recipe NAME NEEDLE [PREFIX...]    one that goes on until `end NAME`; output in its log
#   untried                         the blocks that none of these has run
# shellcheck shell=bash disable=SC2034,SC2154

recipes=$work/recipes
# Where whoever reads the page is, with the files that it speaks of.
desk=$work/desk
output=""
mkdir -p "$recipes" "$desk" "$work/bin"

read_page() {
  awk -v dir="$recipes" '
    /^```/ { file = ""; if ($0 == "```sh") file = sprintf("%s/%02d", dir, ++count); next }
    file { print >file }' "$1"
}

# one_recipe NEEDLE: the file of the one block that holds it
one_recipe() {
  local found
  mapfile -t found < <(grep --files-with-matches --fixed-strings -e "$1" "$recipes"/??)
  if ((${#found[@]} != 1)); then
    printf '%d blocks of the page hold: %s\n' "${#found[@]}" "$1" >&2
    return 1
  fi
  printf '%s\n' "${found[0]}"
}

recipe() {
  local what=$1 file status=0
  file=$(one_recipe "$2") || { not_ok "$what" && return 0; }
  touch "$file.tried"
  output=$(cd "$desk" && timeout 60 "${@:3}" bash -euo pipefail -c "$(<"$file")" 2>&1 \
    </dev/null) || status=$?
  if ((status == 0)); then ok "$what"; else not_ok "$what" "status $status: $output"; fi
}

# One command, which takes bash's place: whoever ends the process ends the command.
begin_recipe() {
  local name=$1 file
  file=$(one_recipe "$2") || { not_ok "$name" && return 1; }
  touch "$file.tried"
  pushd "$desk" >/dev/null || return
  spawn "$name" "${@:3}" bash -c "$(<"$file")"
  popd >/dev/null || return
}

untried() {
  local file
  for file in "$recipes"/??; do
    if [[ ! -e $file.tried ]]; then cat "$file"; fi
  done
}
