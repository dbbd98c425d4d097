# What the scripts fields_*.sh share. They are the table of the spec's fields: each line that begins
# with `sees`, `shows` or `# field:` names one by its path below `spec`, and the unit test
# schema_fields_test.cpp fails if one is not named, or is none. Sourced, after the others.
# shellcheck shell=bash

# apply_spec NAME: the lines below `spec:` come from standard input
apply_spec() {
  local head='apiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: %s}\nspec:\n'
  # shellcheck disable=SC2059
  { printf "$head" "$1" && cat; } | ctl apply -f - >/dev/null || not_ok "apply $1"
}

# runs NAME [SECONDS]: it is Running in time; else the test ends, with what its conditions say
runs() {
  within "${2:-30}" is_in "$1" Running || bail_out "$1 is not Running: $(phase "$1"): \
$(condition "$1" Phase)"
  ok "$1 is Running"
}

# inspected CONTAINER JQ
inspected() {
  docker_ inspect --type container "$1" | jq -rc ".[0] | $2"
}

# inside CONTAINER SHELL-LINE: its output, and its errors
inside() {
  docker_ exec "$1" sh -c "$2" 2>&1
}

# sees PATH EXPECTED CONTAINER JQ: as the engine has it
sees() {
  equals "spec.$1: $3 ${4:0:60}" "$2" "$(inspected "$3" "$4")"
}

# shows PATH EXPECTED ACTUAL: by what it does
shows() {
  equals "spec.$1" "$2" "$3"
}

restarts_of() {
  ctl --output json get projects "$1" |
    jq -r --arg name "$2" '.status.services[] | select(.name == $name) | .restarts // 0'
}

# has_restarted PROJECT SERVICE
has_restarted() {
  (($(restarts_of "$1" "$2") > 0))
}

# is_inspected CONTAINER JQ EXPECTED
is_inspected() {
  [[ $(inspected "$1" "$2") == "$3" ]]
}

# comes_before EARLIER LATER: of the engine's times, which have nine digits or fewer
comes_before() {
  jq -ne --arg a "$1" --arg b "$2" 'def ns: capture("(?<s>.*?)(\\.(?<f>[0-9]+))?Z$") |
    [.s, ((.f // "") + "000000000")[:9]]; ($a | ns) <= ($b | ns)' >/dev/null
}
