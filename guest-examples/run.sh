#!/usr/bin/env bash
# Trains an example on its sample, serves the model, sends a request: run.sh NAME [SAMPLE]. Builds what it needs first.
#
# Nothing stays behind but the built files: the job runs in a temporary folder, on a free port of this machine alone.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
examples=$root/guest-examples
base= server=

fail() { echo "run.sh: $*" >&2; exit 1; }

main() {
  local name=${1:-} sample=${2:-} target=${CARGO_TARGET_DIR:-$root/target}
  case $target in /*) ;; *) target=$PWD/$target ;; esac
  sample=$(sample_folder "$name" "$sample")
  host=$target/debug/algohost component=$target/guests/$name.wasm
  base=$(mktemp -d "${TMPDIR:-/tmp}/algohost.XXXXXX")
  trap clean_up EXIT
  trap 'exit 130' INT TERM

  echo "== build: host and guest (the first time takes minutes)"
  (cd "$root" && CARGO_TARGET_DIR=$target cargo build --quiet --locked) || fail "the host does not build"
  CARGO_TARGET_DIR=$target "$examples/build.sh" "$name"
  train "$sample"
  serve
  ask "$sample"
  stop
}

# The folder of an example's sample, by default of the first.
sample_folder() {
  local name=$1 sample=$2 known
  known=$(cd "$examples" && printf '%s\n' */samples/*/ | awk -F/ '{ print "  run.sh " $1 " " $3 }')
  [ -n "$name" ] || fail "which example? There are:"$'\n'"$known"
  [ -d "$examples/$name/samples" ] || fail "there is no example '$name' with a sample; there are:"$'\n'"$known"
  [ -n "$sample" ] || sample=$(ls "$examples/$name/samples" | sed 1q)
  [ -d "$examples/$name/samples/$sample" ] || fail "example '$name' has no sample '$sample'; there are:"$'\n'"$known"
  echo "$examples/$name/samples/$sample"
}

train() {
  cp -R "$1/input" "$base/input"
  mkdir -p "$base/model" "$base/output"
  echo "== train: algohost train --component ${component##*/}, on ${1#"$root/"}"
  if ! SAGEMAKER_BASE_DIR=$base "$host" train --component "$component" >"$base/train.log" 2>&1; then
    show 12 "$base/train.log"
    fail "training failed$([ ! -s "$base/output/failure" ] || echo ": $(sed 1q "$base/output/failure")")"
  fi
  show 5 "$base/train.log"
  echo "model: $(ls "$base/model" | paste -sd ' ' -)"
}

serve() {
  echo "== serve: algohost serve --component ${component##*/}"
  SAGEMAKER_BASE_DIR=$base SAGEMAKER_BIND_TO_PORT=0 ALGOHOST_BIND_ADDRESS=127.0.0.1 "$host" serve --component "$component" >"$base/serve.log" 2>&1 &
  server=$!
  port=
  wait_for 60 listening || { show 12 "$base/serve.log"; fail "the server did not say where it listens within 60 s"; }
  wait_for 60 healthy || { show 12 "$base/serve.log"; fail "GET /ping answered $(status_of ping), not 200, for 60 s"; }
  echo "GET /ping: 200"
}

listening() {
  check_server
  port=$(sed -n 's|.*listening on http://127\.0\.0\.1:\([0-9][0-9]*\).*|\1|p' "$base/serve.log" | sed 1q)
  [ -n "$port" ]
}

healthy() {
  check_server
  [ "$(status_of ping)" = 200 ]
}

check_server() { kill -0 $server 2>/dev/null || { show 12 "$base/serve.log"; fail "the server ended before it was ready"; }; }

ask() {
  local request content_type status
  # The first of each is the request's.
  request=$1/$(sed -n 's/.*"file": *"\(.*\)".*/\1/p' "$1/expected.json" | sed 1q)
  content_type=$(sed -n 's/.*"content_type": *"\(.*\)".*/\1/p' "$1/expected.json" | sed 1q)
  status=$(status_of invocations "$request" "$content_type")
  [ "$status" = 200 ] || fail "POST /invocations answered $status, not 200: $(show 3 "$base/body")"
  echo "POST /invocations: 200, for $(wc -l <"$request" | tr -d ' ') rows of ${request##*/}"
  echo "answer:   $(tr -d '\n' <"$base/body" | cut -c1-600)"
  if [ -f "$1/response.json" ]; then echo "expected: $(tr -d '\n' <"$1/response.json" | cut -c1-600)"; fi
}

# Sends GET, or POST when there is a file; prints the status and leaves the answer's body in $base/body.
status_of() {
  local path=$1 file=${2:-} content_type=${3:-}
  if command -v curl >/dev/null; then
    if [ -n "$file" ]; then set -- -H "Content-Type: $content_type" -H "Accept: application/json" --data-binary "@$file"; else set --; fi
    curl --silent --max-time 30 --output "$base/body" --write-out '%{http_code}' "$@" "http://127.0.0.1:$port/$path" || true
  else
    # HTTP/1.0 ends the answer with the connection: nothing to parse but the blank line.
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    if [ -n "$file" ]; then
      printf 'POST /%s HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\nAccept: application/json\r\nContent-Length: %s\r\n\r\n' \
        "$path" "$content_type" "$(wc -c <"$file" | tr -d ' ')" >&3
      cat "$file" >&3
    else
      printf 'GET /%s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$path" >&3
    fi
    timeout 30 cat <&3 >"$base/answer" || true
    exec 3>&-
    sed '1,/^\r*$/d' "$base/answer" >"$base/body"
    sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' "$base/answer"
  fi
}

stop() {
  local status=0
  kill -TERM $server
  wait_for 30 ended || fail "the server is still there 30 s after SIGTERM"
  wait $server || status=$?
  server=
  [ $status = 0 ] || { show 12 "$base/serve.log"; fail "the server ended with status $status after SIGTERM"; }
  echo "== stopped: SIGTERM, exit status 0"
}

ended() { ! kill -0 $server 2>/dev/null; }

# Up to so many seconds, ten tries each.
wait_for() {
  local tries=$(($1 * 10))
  while ! "$2"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    sleep 0.1
  done
}

# The last lines of a file, not too wide.
show() { tail -n "$1" "$2" | cut -c1-160 | sed 's/^/  /'; }

clean_up() {
  if [ -n "$server" ]; then
    kill -KILL "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true # or bash tells of its death
  fi
  rm -rf "$base"
}

main "$@"
