#!/bin/sh
# The steps of compose/Dockerfile; also says which packages the image holds. Run inside `docker
# build` as root, with the shell of a bare Debian.
#   image.sh install_build_packages compile|prebuilt
#   image.sh make_programs compile|prebuilt DIRECTORY
#   image.sh install_run_packages
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
programs='cara-apiserver cara-scheduler cara-gc cara-agent caractrl'

# packages_of SECTION: as in packages.sh, which needs bash
packages_of() {
  sed -n "/^\[$1\]/,/^\[/{/^[a-z]/p}" "$root/compose/packages"
}

# install SECTION: only what is missing, so that a base that has all of it needs no network
install_packages() {
  missing=''
  for name in $(packages_of "$1"); do
    case $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true) in
      installed) ;;
      *) missing="$missing $name" ;;
    esac
  done
  if [ -z "$missing" ]; then return 0; fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q update
  # shellcheck disable=SC2086
  apt-get -q -y --no-install-recommends install $missing
  rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
}

install_build_packages() {
  if [ "$1" = compile ]; then install_packages build; fi
}

install_run_packages() {
  install_packages image
}

make_programs() {
  mkdir -p "$2"
  case $1 in
    compile)
      cd "$root"
      cmake --preset release -DCARA_TESTS=OFF
      # shellcheck disable=SC2086
      ninja -C build $programs
      for name in $programs; do strip -o "$2/$name" "build/bin/$name"; done
      ;;
    prebuilt)
      for name in $programs; do
        install -m 755 "$root/build/image/$name" "$2/$name" || {
          echo "build/image/$name is missing: compose/image --no-registry makes it" >&2
          exit 1
        }
      done
      ;;
    *)
      echo "PROGRAMS=$1: expected compile or prebuilt" >&2
      exit 1
      ;;
  esac
}

"$@"
