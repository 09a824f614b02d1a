#!/bin/sh
# Records a redis server and nine clients, which all count at once, as ten nodes; then shows who said what to whom.
# Leaves the run in ./demo-run, and no process behind. `make demo` builds first.
set -eu

cd "$(dirname "$0")/.."
run=demo-run
clients=9
increments=20
# Listings are cut to this width.
COLUMNS=80
export COLUMNS
PATH=$PWD/.build/release:$PATH

server=
recorders=

fail() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

# Ends every recorder that still runs; SIGTERM ends what it records, and the trace is complete.
stop() {
    # shellcheck disable=SC2086 # one word for each process
    [ -z "$recorders$server" ] || kill -TERM $recorders $server 2>/dev/null || true
    wait
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Prints a command, and runs it.
show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
rm -rf "$run"
mkdir "$run"

echo "Recording redis-server on port $port and $clients clients, each counting up $increments times:"
echo
echo "  ridealong record --run $run --node redis redis-server --port $port"
echo "  ridealong record --run $run --node client-N \\"
echo "      redis-cli -p $port -r $increments -i 0.2 incr counter"

ridealong record --run "$run" --node redis redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no >"$run/redis.log" 2>&1 &
server=$!
# Not by asking it: a question from a client that is not recorded would be part of the run.
waited=0
until grep -q 'Ready to accept connections' "$run/redis.log"; do
    kill -0 $server 2>/dev/null || fail "the server did not start: $(cat "$run/redis.log")
Try \`ridealong doctor\`."
    [ $waited -lt 300 ] || fail "the server was not ready after 30 seconds: $(cat "$run/redis.log")"
    waited=$((waited + 1))
    sleep 0.1
done

for number in $(seq $clients); do
    ridealong record --run "$run" --node "client-$number" redis-cli -p "$port" -r $increments -i 0.2 incr counter >"$run/client-$number.log" 2>&1 &
    recorders="$recorders $!"
done
for recorder in $recorders; do
    wait "$recorder" || fail "a client failed: $(cat "$run"/client-*.log | tail -n 5)"
done
recorders=
kill -TERM $server
wait $server || fail "the server ended badly: $(tail -n 5 "$run/redis.log")"
server=

show ridealong index --run "$run"
show ridealong channels --run "$run"
printf '\n$ ridealong messages --run %s      # the first of them\n' "$run"
ridealong messages --run "$run" >"$run/messages.txt"
head -n 25 "$run/messages.txt"

show ridealong export svg --run "$run" "$run/redis.svg"
echo "(a space-time picture of the first messages; open it in a browser)"

# The request that the server received first; not always the one that was sent first.
request=$(awk '$2 ~ /^client-/ && $3 ~ /^redis@/ { split($3, place, "@"); print place[2], $2 }' "$run/messages.txt" |
    sort -t. -k1,1n -k2,2n | sed -n '1s/.* //p')
[ -n "$request" ] || fail "no client said anything to the server: see $run/messages.txt"
cat <<END

Now stand in the server, where it received its first request (quit leaves):

  .build/release/ridealong debug --run $run $request

and in the client, before it was sent:

  .build/release/ridealong debug --run $run --send $request
END
