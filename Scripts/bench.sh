#!/bin/sh
# Records a redis server under load, once, and measures Ridealong on that trace and on made-up traffic. `bench.sh DIRECTORY`: where the
# recording is kept.
set -eu
directory=$1
ridealong=.build/release/ridealong
requests=25000 # Each of get and set; a request is some nine events.

# A server that is recorded, and a load that is not. Without the syscall buffer: what is measured is reading, of many events.
record() {
    rm -rf "$directory/run"
    mkdir -p "$directory/run"
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    echo "recording redis-server on port $port under redis-benchmark"
    "$ridealong" record --run "$directory/run" --node redis --syscall-buffer off -- \
        redis-server --port "$port" --save "" --appendonly no >"$directory/redis.log" 2>&1 &
    recorder=$!
    tries=100
    until redis-cli -p "$port" ping >/dev/null 2>&1; do
        tries=$((tries - 1))
        if [ $tries = 0 ] || ! kill -0 $recorder 2>/dev/null; then
            echo "bench: the server did not start; see $directory/redis.log" >&2
            exit 1
        fi
        sleep 0.1
    done
    redis-benchmark -p "$port" -n $requests -c 10 -t set,get -q >"$directory/load.log" 2>&1
    redis-cli -p "$port" shutdown nosave >/dev/null 2>&1 || true
    wait $recorder
}

[ -e "$directory/run/redis/trace/version" ] || record
bench=Benchmarks/.build/release/bench
status=0
$bench reading "$directory/run/redis/trace" "$ridealong" Benchmarks/thresholds.json || status=$?
$bench ordering "$directory/ordering" Benchmarks/thresholds.json || status=$?
exit $status
