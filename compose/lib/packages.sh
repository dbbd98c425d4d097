# Installs the Debian packages of the sections that are asked for, and only those that are missing.
# Sourced, after say.sh.
# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with who sources it

compose_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# packages_of SECTION...: the packages of these sections
packages_of() {
  local section
  for section in "$@"; do
    sed -n "/^\[$section\]/,/^\[/{/^[a-z]/p}" "$compose_dir/packages"
  done
}

# missing_packages PACKAGE...: those that are not installed
missing_packages() {
  local name state
  for name in "$@"; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null || true)
    if [[ $state != installed ]]; then printf '%s\n' "$name"; fi
  done
}

# install_packages SECTION...: sets `installed` to what it did, empty for nothing
install_packages() {
  local missing wanted
  installed=""
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    die "this needs Debian 12 (apt-get); elsewhere install the packages of compose/packages by hand"
  fi
  mapfile -t wanted < <(packages_of "$@")
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  if ((${#missing[@]} == 0)); then return 0; fi
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "not root and no sudo: cannot install ${missing[*]}"
    sudo -v || die "sudo refused: cannot install ${missing[*]}"
  fi
  note "installing ${#missing[@]} packages: ${missing[*]}"
  local apt=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends)
  # The lists may be absent (a fresh machine) or too old to fetch from: update once, then install.
  if ! apt-cache show "${missing[@]}" >/dev/null 2>&1; then
    logged "${apt[@]}" update || die "apt-get update failed"
    logged "${apt[@]}" install "${missing[@]}" || die "apt-get install failed"
  elif ! logged "${apt[@]}" install "${missing[@]}"; then
    logged "${apt[@]}" update || die "apt-get update failed"
    logged "${apt[@]}" install "${missing[@]}" || die "apt-get install failed"
  fi
  installed="installed ${#missing[@]} packages"
}
