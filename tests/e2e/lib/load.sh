# Everything a script of tests/e2e needs, in order. Sourced.
# shellcheck shell=bash source-path=SCRIPTDIR
lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$lib/check.sh"
source "$lib/dockerd.sh"
source "$lib/clock.sh"
source "$lib/cluster.sh"
source "$lib/bed.sh"
source "$lib/ingress.sh"
source "$lib/tls.sh"
