# Fetches a page four times, and counts in redis how often.
set -e
for number in 1 2 3 4; do
    curl --silent --show-error --fail http://127.0.0.1:8000/hello.txt
    redis-cli -p 7000 incr "$COUNTER"
done
