#!/bin/sh
# Records redis servers under load, once, and measures Ridealong on their traces, on made-up traffic, and at recording. `bench.sh DIRECTORY`:
# where the recordings are kept.
set -eu
directory=$1
ridealong=.build/release/ridealong

# A server that is recorded under a load: `record RUN NODE REQUESTS OPTIONS…`. REQUESTS: each of get and set; a request is some nine events,
# or four calls in the syscall buffer. The load is recorded by what is in $load_recorder, if anything.
load_recorder=
record() {
    run=$1 node=$2 requests=$3
    shift 3
    rm -rf "${run:?}/$node"
    mkdir -p "$run"
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    echo "recording redis-server on port $port under redis-benchmark"
    "$ridealong" record --run "$run" --node "$node" "$@" \
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
    $load_recorder redis-benchmark -p "$port" -n "$requests" -c 10 -t set,get -q >"$directory/load.log" 2>&1
    redis-cli -p "$port" shutdown nosave >/dev/null 2>&1 || true
    wait $recorder
}

mkdir -p "$directory"
# Without the syscall buffer: what is measured there is reading, of many events.
[ -e "$directory/run/redis/trace/version" ] || record "$directory/run" redis 25000 --syscall-buffer off --
# With it, for replays; rr replays on the CPU that it recorded on.
for cpu in 0 1; do
    [ -e "$directory/buffered/redis$cpu/trace/version" ] ||
        record "$directory/buffered" redis$cpu 12500 --syscall-buffer on -- --bind-to-cpu=$cpu
done
# Both ends.
if ! [ -e "$directory/pair/load/trace/version" ]; then
    load_recorder="$ridealong record --run $directory/pair --node load --"
    record "$directory/pair" redis 10000
fi
bench=Benchmarks/.build/release/bench
RIDEALONG_LIBDIR=$(dirname "$ridealong")
export RIDEALONG_LIBDIR
status=0
$bench reading "$directory/run/redis/trace" "$ridealong" Benchmarks/thresholds.json || status=$?
$bench capture "$directory/buffered" "$directory/pair" "$ridealong" Benchmarks/thresholds.json || status=$?
$bench recording "$directory/recording" "$ridealong" Benchmarks/thresholds.json || status=$?
$bench ordering "$directory/ordering" Benchmarks/thresholds.json || status=$?
exit $status
