#!/bin/sh
# Upgrade opsportal through its own gate: ask like any pipeline, back up, upgrade, look, and say how it went.
#
#   upgrade.sh VERSION COMMAND…        e.g. upgrade.sh 1.4.0 ./install-release 1.4.0
#
# OPSPORTAL_URL, OPSPORTAL_TOKEN     as for docs/ci/gate.sh, whose other settings count too (OPSPORTAL_CHANGE…)
# OPSPORTAL_CHECKS                   the checks of this release: "tests=passed security_scan=passed"
# OPSPORTAL_BACKUPS                  the folder for the backup that is made first
# OPSPORTAL_ENVIRONMENT (production) where
# OPSPORTAL_GATE                     gate.sh; by default in the folder ci beside this one
# OPSPORTAL_MANAGE (manage.py)       how commands of the portal are called
#
# Exit: 0 upgraded      1, 2, 3, 10, 11 as of gate.sh: nothing was done      13 it failed, and the portal knows
#      14 it went as the last line says, but the portal did not take the word              64 wrong use
set -u

misused() {
    printf 'upgrade: %s\nupgrade: see the first lines of %s\n' "$1" "$0" >&2
    exit 64
}

[ $# -ge 2 ] || misused "a version and the command that upgrades are needed"
[ -n "${OPSPORTAL_BACKUPS:-}" ] || misused "OPSPORTAL_BACKUPS is not set"
VERSION=$1
shift
GATE=${OPSPORTAL_GATE:-$(dirname "$0")/../ci/gate.sh}
MANAGE=${OPSPORTAL_MANAGE:-manage.py}
OPSPORTAL_ENVIRONMENT=${OPSPORTAL_ENVIRONMENT:-production} OPSPORTAL_SERVICE=opsportal
export OPSPORTAL_ENVIRONMENT OPSPORTAL_SERVICE

# register: prints the key of the deployment where it is allowed
register() {
    set --
    for check in ${OPSPORTAL_CHECKS:-}; do
        set -- "$@" --check "$check"
    done
    sh "$GATE" register --version "$VERSION" "$@"
}

# over EVENT CODE: says how it went; while the portal comes up it is asked for a minute
over() {
    printf 'upgrade: %s %s\n' "$VERSION" "$1" >&2
    said=0
    OPSPORTAL_TRIES=${OPSPORTAL_TRIES:-30} sh "$GATE" event "$DEPLOYMENT" "$1" --id "$1" >/dev/null || said=$?
    case $1:$said in
        *:0 | failed:10 | failed:11) exit "$2" ;; # of what failed it may say what comes next
    esac
    printf 'upgrade: tell it later: gate.sh event %s %s --id %s\n' "$DEPLOYMENT" "$1" "$1" >&2
    exit 14
}

DEPLOYMENT=$(register) || exit
sh "$GATE" event "$DEPLOYMENT" started --id started >/dev/null || exit
# shellcheck disable=SC2086 # how it is called may be several words
$MANAGE backup "$OPSPORTAL_BACKUPS/before-$VERSION.zip" && "$@" && $MANAGE preflight || over failed 13
over succeeded 0
