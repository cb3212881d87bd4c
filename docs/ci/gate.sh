#!/bin/sh
# Ask the gate of opsportal from a pipeline, and obey its answer. Needs a POSIX shell, curl and awk.
#
#   gate.sh register --service S --environment E --version V [--commit C] [--change CHG-1]
#                    [--check NAME=passed]… [--policy-hash H] [--artifact-digest D] [--environment-url U]
#                    [--started-at T [--finished-at T --outcome succeeded|failed|rolled_back]]: after the fact
#   gate.sh ask      with the same options: registers nothing
#   gate.sh event DEP-77 started|rollout|verified|succeeded|failed|rolled_back
#                    [--percent N] [--metric NAME=VALUE]… [--id ID]
#
# register prints the key of the deployment, ask the decision, event the action, each alone on standard
# output; everything for people goes to standard error.
#
# Exit: 0 go on (allowed, continue)       1 no (blocked, expired, withdrawn, or the request is refused)
#       2 still pending                   3 the portal does not answer, and the pipeline stops
#      10 hold      11 roll back         64 wrong use of this script
#
# OPSPORTAL_URL, OPSPORTAL_TOKEN           where, and the token (scopes deployments:write and
#                                          deployments:read, gate:read to ask, catalog:read to learn what
#                                          the environment says about an unreachable portal)
# OPSPORTAL_WAIT (0)                       seconds to wait while the answer is pending
# OPSPORTAL_TIMEOUT (10), OPSPORTAL_TRIES (3)  seconds for one call, calls before giving up
# OPSPORTAL_WHEN_UNREACHABLE               stop or proceed; the environment's own setting is remembered
#                                          in OPSPORTAL_CACHE from each call that got through. Where the
#                                          two differ, or neither is known, the pipeline stops.
# OPSPORTAL_SERVICE, OPSPORTAL_ENVIRONMENT, OPSPORTAL_VERSION, OPSPORTAL_CHANGE, OPSPORTAL_POLICY_HASH
#                                          the options of the same names
set -eu

WAIT=${OPSPORTAL_WAIT:-0}
TIMEOUT=${OPSPORTAL_TIMEOUT:-10}
TRIES=${OPSPORTAL_TRIES:-3}
CACHE=${OPSPORTAL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/opsportal}
SERVICE=${OPSPORTAL_SERVICE:-} ENVIRONMENT=${OPSPORTAL_ENVIRONMENT:-} VERSION=${OPSPORTAL_VERSION:-}
CHANGE=${OPSPORTAL_CHANGE:-} POLICY_HASH=${OPSPORTAL_POLICY_HASH:-}
COMMIT=${GITHUB_SHA:-${CI_COMMIT_SHA:-${GIT_COMMIT:-}}} STARTED='' FINISHED='' OUTCOME='' DIGEST='' ADDRESS='' CHECKS=''
PROVIDER='' RUN_URL='' RUN_BY=''
if [ -n "${GITHUB_RUN_ID:-}" ]; then
    PROVIDER=github RUN_BY=${GITHUB_ACTOR:-}
    RUN_URL=${GITHUB_SERVER_URL:-https://github.com}/${GITHUB_REPOSITORY:-}/actions/runs/$GITHUB_RUN_ID
elif [ -n "${CI_JOB_URL:-}" ]; then
    PROVIDER=gitlab RUN_BY=${GITLAB_USER_LOGIN:-} RUN_URL=$CI_JOB_URL
elif [ -n "${BUILD_URL:-}" ]; then
    PROVIDER=jenkins RUN_BY=${BUILD_USER_ID:-} RUN_URL=$BUILD_URL
fi

say() { printf 'gate: %s\n' "$*" >&2; }

misused() {
    say "$*"
    say "see the first lines of $0"
    exit 64
}

whole_number() {
    case $2 in '' | *[!0-9]*) misused "$1 must be a whole number, not '$2'" ;; esac
}

# --- JSON ------------------------------------------------------------------------------------------
# quoted TEXT: the text as a JSON string
quoted() {
    printf '"%s"' "$(printf '%s' "$1" | tr '\n\r\t' '   ' | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g')"
}

# add NAME TEXT: adds a field to BODY unless the text is empty
add() {
    [ -z "$2" ] || BODY="${BODY:+$BODY,}$(quoted "$1"):$(quoted "$2")"
}

# shellcheck disable=SC2016 # the dollars are awk's
FLATTEN='
{ text = text (NR > 1 ? "\n" : "") $0 }
END { value("") }
function blanks() { sub(/^[ \t\r\n]+/, "", text) }
function string(   raw, plain, at, sign) {
    if (!match(text, /^"([^"\\]|\\.)*"/)) { text = ""; return "" }
    raw = substr(text, 2, RLENGTH - 2)
    text = substr(text, RLENGTH + 1)
    plain = ""
    while ((at = index(raw, "\\")) > 0) {
        sign = substr(raw, at + 1, 1)
        plain = plain substr(raw, 1, at - 1)
        raw = substr(raw, at + 2)
        if (sign == "n" || sign == "t" || sign == "r" || sign == "b" || sign == "f") plain = plain " "
        else if (sign == "u") { plain = plain "?"; raw = substr(raw, 5) }
        else plain = plain sign
    }
    return plain raw
}
function value(path,   key, number, more) {
    blanks()
    if (text ~ /^[{[]/) {
        more = substr(text, 1, 1)
        text = substr(text, 2)
        blanks()
        if (text ~ /^[]}]/) { text = substr(text, 2); return }
        for (number = 0; text != ""; number++) {
            blanks()
            key = number
            if (more == "{") { key = string(); blanks(); text = substr(text, 2) }
            value(path == "" ? key : path "." key)
            blanks()
            if (text !~ /^,/) break
            text = substr(text, 2)
        }
        text = substr(text, 2)
    } else if (text ~ /^"/) {
        key = string()
        gsub(/\n/, " ", key)
        printf "%s\t%s\n", path, key
    } else if (match(text, /^[^]}, \t\r\n]+/)) {
        key = substr(text, 1, RLENGTH)
        text = substr(text, RLENGTH + 1)
        printf "%s\t%s\n", path, (key == "null" ? "" : key)
    } else text = ""
}'

# answer PATH: one value of the last answer, empty where there is none
answer() { awk -F '\t' -v path="$1" '$1 == path { print $2; exit }' "$TMP/flat"; }

# reasons: the reasons or errors of the last answer, one line each
reasons() {
    awk -F '\t' '
        $1 ~ /^(reasons|errors)\.[0-9]+\./ {
            split($1, part, "."); row = part[1] "." part[2]
            if (!(row in seen)) { seen[row] = ++rows; name[rows] = row }
            field[row, part[3]] = $2
        }
        $1 == "detail" && $2 != "" { print "gate:   " $2 }
        END {
            for (n = 1; n <= rows; n++) {
                row = name[n]
                where = field[row, "rule"] != "" ? " (" field[row, "rule"] ")" : ""
                if (field[row, "pointer"] != "") where = " (" field[row, "pointer"] ")"
                print "gate:   - " field[row, "code"] where ": " field[row, "detail"]
            }
        }' "$TMP/flat" >&2
}

# --- calls -----------------------------------------------------------------------------------------
# call METHOD PATH [curl options…]: one call; sets STATUS, 000 where no answer came
call() {
    method=$1 path=$2
    shift 2
    : >"$TMP/answer"
    : >"$TMP/headers"
    # The token goes over standard input: arguments can be read by others on the machine.
    STATUS=$(
        printf 'header = "Authorization: Bearer %s"\n' "$OPSPORTAL_TOKEN" |
            curl --config - --silent --show-error --connect-timeout "$TIMEOUT" --max-time "$TIMEOUT" \
                --request "$method" --output "$TMP/answer" --dump-header "$TMP/headers" \
                --write-out '%{http_code}' --header 'Accept: application/json' "$@" \
                "${OPSPORTAL_URL%/}/api/v1$path" 2>"$TMP/error"
    ) || STATUS=000
    awk "$FLATTEN" "$TMP/answer" >"$TMP/flat" 2>/dev/null || : >"$TMP/flat"
    RETRY_AFTER=$(awk 'tolower($1) == "retry-after:" { sub(/\r/, ""); print $2; exit }' "$TMP/headers")
    case $RETRY_AFTER in '' | *[!0-9]* | ??????*) RETRY_AFTER='' ;; esac
}

# pause DEFAULT MOST: sleeps as long as the portal asked for, within bounds
pause() {
    seconds=${RETRY_AFTER:-$1}
    [ "$seconds" -le "$2" ] || seconds=$2
    [ "$seconds" -ge 1 ] || seconds=1
    sleep "$seconds"
}

# request METHOD PATH [curl options…]: calls until an answer comes; fails where none did
request() {
    tried=0
    while :; do
        call "$@"
        tried=$((tried + 1))
        case $STATUS in
            000 | 429 | 5??) ;;
            2?? | 4??) [ -s "$TMP/flat" ] && return 0 ;;
            *) return 0 ;;
        esac
        say "no answer from the portal (${STATUS}$(sed 's/^/; /;q' "$TMP/error")), call $tried of $TRIES"
        [ "$tried" -lt "$TRIES" ] || return 1
        pause 2 30
    done
}

# --- when the portal does not answer -----------------------------------------------------------------
setting_file() {
    name=$(printf '%s-%s' "$OPSPORTAL_URL" "$ENVIRONMENT" | tr -c 'A-Za-z0-9' '_')
    printf '%s/when-unreachable-%s' "$CACHE" "$name"
}

remember_setting() {
    [ -n "$ENVIRONMENT" ] || return 0
    call GET "/environments/$ENVIRONMENT/"
    setting=$(answer when_unreachable)
    case "$STATUS:$setting" in
        200:stop | 200:proceed)
            { mkdir -p "$CACHE" && printf '%s\n' "$setting" >"$(setting_file)"; } 2>/dev/null || :
            ;;
    esac
}

unreachable() {
    given=${OPSPORTAL_WHEN_UNREACHABLE:-}
    learnt=''
    [ ! -r "$(setting_file)" ] || learnt=$(sed -n '1p' "$(setting_file)")
    case "$given:$learnt" in
        proceed:proceed | proceed: | :proceed)
            say "!!! THE PORTAL DOES NOT ANSWER. GOING ON WITHOUT ITS ANSWER, as" \
                "${learnt:+the environment}${learnt:+${given:+ and }}${given:+OPSPORTAL_WHEN_UNREACHABLE}" \
                "asks for. Register this deployment afterwards. !!!"
            exit 0
            ;;
    esac
    say "the portal does not answer: stopping (environment: ${learnt:-not known}," \
        "OPSPORTAL_WHEN_UNREACHABLE: ${given:-not set})"
    exit 3
}

refused() {
    say "the portal refused the request ($STATUS)"
    reasons
    exit 1
}

# --- commands --------------------------------------------------------------------------------------
read_options() {
    while [ $# -gt 0 ]; do
        [ $# -ge 2 ] || misused "$1 needs a value"
        case $1 in
            --service) SERVICE=$2 ;;
            --environment) ENVIRONMENT=$2 ;;
            --version) VERSION=$2 ;;
            --commit) COMMIT=$2 ;;
            --change) CHANGE=$2 ;;
            --check) CHECKS="$CHECKS$(printf '%s' "$2" | tr ':\n' '= ')
" ;;
            --policy-hash) POLICY_HASH=$2 ;;
            --artifact-digest) DIGEST=$2 ;;
            --environment-url) ADDRESS=$2 ;;
            --started-at) STARTED=$2 ;;
            --finished-at) FINISHED=$2 ;;
            --outcome) OUTCOME=$2 ;;
            *) misused "no such option: $1" ;;
        esac
        shift 2
    done
    [ -n "$SERVICE" ] || misused "--service is needed"
    [ -n "$ENVIRONMENT" ] || misused "--environment is needed"
    case $ENVIRONMENT in *[!A-Za-z0-9_-]*) misused "--environment must be a slug" ;; esac
}

registration() {
    BODY=''
    while IFS= read -r check; do
        [ -z "$check" ] || add "${check%%=*}" "${check#*=}"
    done <<END
$CHECKS
END
    results=$BODY BODY=''
    add provider "$PROVIDER"
    add run_url "$RUN_URL"
    add actor "$RUN_BY"
    pipeline=$BODY BODY=''
    add service "$SERVICE"
    add environment "$ENVIRONMENT"
    add version "$VERSION"
    add commit "$COMMIT"
    add change "$CHANGE"
    add policy_hash "$POLICY_HASH"
    add artifact_digest "$DIGEST"
    add environment_url "$ADDRESS"
    add started_at "$STARTED"
    add finished_at "$FINISHED"
    add outcome "$OUTCOME"
    [ -z "$results" ] || BODY="$BODY,\"checks\":{$results}"
    [ -z "$pipeline" ] || BODY="$BODY,\"pipeline\":{$pipeline}"
    printf '{%s}' "$BODY" >"$TMP/body"
}

# obey: says what was decided, and ends unless it is pending
obey() {
    decision=$(answer decision)
    change=$(answer change)
    case $decision in
        allowed)
            say "allowed${change:+ under $change}"
            return 0
            ;;
        blocked | expired | withdrawn)
            say "$decision${change:+ ($change)}"
            reasons
            exit 1
            ;;
        pending)
            say "pending${change:+ ($change)}"
            reasons
            return 0
            ;;
        *) unreachable ;; # something answered that is not the portal
    esac
}

now() { date +%s; }

register() {
    read_options "$@"
    [ -n "$VERSION" ] || misused "--version is needed"
    registration
    # One key for all tries of this call: an answer that got lost on the way is given again. What has happened
    # already happened once, whichever job tells of it how often: its key is what it is.
    if [ -n "$STARTED" ]; then
        key=late.$(printf '%s' "$SERVICE.$ENVIRONMENT.$VERSION.$COMMIT.$STARTED" | tr -c 'A-Za-z0-9._:+-' '-' | cut -c1-240)
    else
        key=${OPSPORTAL_IDEMPOTENCY_KEY:-$(nonce)}
    fi
    request POST /deployments/ --header 'Content-Type: application/json' \
        --header "Idempotency-Key: $key" --data-binary "@$TMP/body" || unreachable
    case $STATUS in 201 | 409) ;; *) refused ;; esac
    [ "$STATUS" = 201 ] || [ -n "$(answer decision)" ] || {
        [ -z "$STARTED" ] || say "this was told before, with another outcome or end; what was told first stands"
        refused
    }
    deployment=$(answer key)
    say "registered as $deployment: $(answer url)"
    printf '%s\n' "$deployment"
    if [ -n "$STARTED" ]; then
        # It has happened: there is nothing to obey any more, only what the portal makes of it.
        say "registered after the fact: $(answer decision), under $(answer change)"
        reasons
        exit 0
    fi
    cp "$TMP/flat" "$TMP/registered"
    asked_for=$RETRY_AFTER
    remember_setting
    cp "$TMP/registered" "$TMP/flat"
    RETRY_AFTER=$asked_for
    obey
    end=$(($(now) + WAIT))
    while [ "$(answer decision)" = pending ]; do
        left=$((end - $(now)))
        if [ "$left" -le 0 ]; then
            say "still pending after $WAIT s"
            exit 2
        fi
        pause 15 "$left"
        call GET "/deployments/$deployment/"
        case $STATUS in
            200) [ "$(answer decision)" = pending ] || obey ;;
            401 | 403 | 404) refused ;;
            *) # Its last word was "pending", which is not a yes.
                say "no answer from the portal ($STATUS), asking again"
                RETRY_AFTER=''
                printf 'decision\tpending\n' >"$TMP/flat"
                ;;
        esac
    done
}

ask() {
    read_options "$@"
    set --
    for pair in "service=$SERVICE" "environment=$ENVIRONMENT" "version=$VERSION" "commit=$COMMIT" \
        "change=$CHANGE" "policy_hash=$POLICY_HASH" "artifact_digest=$DIGEST"; do
        [ -z "${pair#*=}" ] || set -- "$@" --data-urlencode "$pair"
    done
    while IFS= read -r check; do
        [ -z "$check" ] || set -- "$@" --data-urlencode "check=${check%%=*}:${check#*=}"
    done <<END
$CHECKS
END
    request GET /gate/ --get "$@" || unreachable
    [ "$STATUS" = 200 ] || refused
    cp "$TMP/flat" "$TMP/asked"
    remember_setting
    cp "$TMP/asked" "$TMP/flat"
    answer decision
    obey
    [ "$(answer decision)" = allowed ] || exit 2
}

event() {
    [ $# -ge 2 ] || misused "event needs a deployment and an event"
    deployment=$1 happened=$2 percent='' metrics='' id=''
    shift 2
    if [ -z "$deployment" ]; then
        say "nothing was registered, so '$happened' is not reported"
        exit 0
    fi
    case $deployment in *[!A-Za-z0-9-]*) misused "'$deployment' is no key of a deployment" ;; esac
    while [ $# -gt 0 ]; do
        [ $# -ge 2 ] || misused "$1 needs a value"
        case $1 in
            --percent)
                whole_number --percent "$2"
                percent=$2
                ;;
            --metric)
                printf '%s' "${2#*=}" | awk 'NR > 1 || !/^(true|false|-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?)$/ { exit 1 }' ||
                    misused "--metric must be NAME=NUMBER, NAME=true or NAME=false, not '$2'"
                metrics="${metrics:+$metrics,}$(quoted "${2%%=*}"):${2#*=}"
                ;;
            --id) id=$2 ;;
            *) misused "no such option: $1" ;;
        esac
        shift 2
    done
    BODY=''
    add event "$happened"
    add id "${id:-$(nonce)}"
    [ -z "$percent" ] || BODY="$BODY,\"percent\":$percent"
    [ -z "$metrics" ] || BODY="$BODY,\"metrics\":{$metrics}"
    printf '{%s}' "$BODY" >"$TMP/body"
    request POST "/deployments/$deployment/events/" --header 'Content-Type: application/json' \
        --data-binary "@$TMP/body" || unreachable
    [ "$STATUS" = 200 ] || refused
    action=$(answer action)
    case $action in
        continue) say "$deployment $happened: continue" ;;
        hold | roll_back)
            say "$deployment $happened: $action"
            reasons
            ;;
        *) unreachable ;;
    esac
    printf '%s\n' "$action"
    case $action in hold) exit 10 ;; roll_back) exit 11 ;; esac
}

nonce() {
    { od -An -N16 -tx1 /dev/urandom 2>/dev/null || printf '%s%s' "$$" "$(now)"; } | tr -d ' \n'
}

[ -n "${OPSPORTAL_URL:-}" ] || misused "OPSPORTAL_URL is not set"
[ -n "${OPSPORTAL_TOKEN:-}" ] || misused "OPSPORTAL_TOKEN is not set"
case $OPSPORTAL_TOKEN in *[!A-Za-z0-9._~+/=-]*) misused "OPSPORTAL_TOKEN holds a character that no token has" ;; esac
case ${OPSPORTAL_WHEN_UNREACHABLE:-stop} in
    stop | proceed) ;;
    *) misused "OPSPORTAL_WHEN_UNREACHABLE must be stop or proceed" ;;
esac
whole_number OPSPORTAL_WAIT "$WAIT"
whole_number OPSPORTAL_TIMEOUT "$TIMEOUT"
whole_number OPSPORTAL_TRIES "$TRIES"

TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
    register | ask | event) "$command" "$@" ;;
    *) misused "the command is register, ask or event" ;;
esac
