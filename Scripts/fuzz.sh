#!/bin/sh
# Runs each fuzzer of Fuzz/ for its part of SECONDS; ends with 1 at the first input that crashes, hangs or takes too much memory. The
# corpora are kept and grow. `fuzz.sh SECONDS`
set -eu
seconds=$1
directory=Fuzz/.build
export SWIFT_BACKTRACE=enable=no # The backtracer would take minutes where libFuzzer wants to write the input down.
# Swift keeps what it made once to the end; freed memory, kept to find its users, would count against the limit.
export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=16

set -- header messages chunks frames calls meaning
each=$(((seconds + $# - 1) / $#))
for fuzzer; do
    corpus=$directory/corpus/$fuzzer
    mkdir -p "$corpus"
    FUZZ_SEEDS=$corpus "$directory/release/$fuzzer"
    echo "fuzzing $fuzzer for $each s"
    log=$directory/$fuzzer.log
    if ! "$directory/release/$fuzzer" "$corpus" -max_total_time=$each -rss_limit_mb=512 -timeout=10 -print_final_stats=1 \
        "-artifact_prefix=$directory/$fuzzer-" >"$log" 2>&1; then
        tail -n 40 "$log"
        echo "fuzz: the $fuzzer reader failed; the input is $directory/$fuzzer-*, the log $log" >&2
        exit 1
    fi
    grep -E 'DONE|peak_rss|executed_units' "$log"
done
