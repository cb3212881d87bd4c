#!/bin/sh
# Roll out in steps, report each of them to opsportal, and obey what it says. Needs gate.sh beside it.
#
#   rollout.sh DEP-77
#
# What is yours it calls: ./deploy.sh PERCENT, ./error-rate.sh (prints a share of 1), ./smoke-test.sh, and
# ./roll-back.sh. ROLLOUT_STEPS ("10 50 100") are the steps that your standard asks for.
#
# Exit: 0 rolled out               1 a report was refused       3 the portal does not answer
#      10 told to hold: it stays at the step that it has reached
#      12 rolled back, as told     13 failed by itself, and rolled back
set -u

DEPLOYMENT=${1?"usage: rollout.sh DEP-77"}
GATE=$(dirname "$0")/gate.sh
STEPS=${ROLLOUT_STEPS:-10 50 100}

# tell EVENT [options…]: reports, and ends unless the answer is to continue
tell() {
    code=0
    "$GATE" event "$DEPLOYMENT" "$@" >/dev/null || code=$?
    case $code in
        0) ;;
        11)
            ./roll-back.sh
            "$GATE" event "$DEPLOYMENT" rolled_back >/dev/null || :
            exit 12
            ;;
        *) exit "$code" ;;
    esac
}

# failed: takes it back, and says so
failed() {
    "$GATE" event "$DEPLOYMENT" failed >/dev/null || :
    ./roll-back.sh
    "$GATE" event "$DEPLOYMENT" rolled_back >/dev/null || :
    exit 13
}

tell started # asks the gate once more, and starts the change
for percent in $STEPS; do
    ./deploy.sh "$percent" || failed
    tell rollout --percent "$percent" --metric error_rate="$(./error-rate.sh)"
done
./smoke-test.sh || failed
tell verified
tell succeeded --metric error_rate="$(./error-rate.sh)"
