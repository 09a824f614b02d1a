// Two programs that fill each other with bytes: `both-ways server PORT COUNT`, `both-ways client PORT COUNT`. Each sends COUNT
// bytes in large pieces, and takes COUNT bytes in small ones, at the same time, in two threads. Buffers are small, so sends block.
// Byte i is (31 i + i / 256) mod 256, plus 7 from the server.
#include "connection.h"

#include <pthread.h>

static int connection;
static size_t total;
static unsigned own, other;

static unsigned char expected(size_t index, unsigned added) { return (unsigned char)(index * 31 + index / 256 + added); }

static void *fill(void *unused) {
    static unsigned char piece[200000];
    for (size_t sent = 0; sent < total;) {
        size_t count = total - sent < sizeof piece ? total - sent : sizeof piece;
        for (size_t index = 0; index < count; index++)
            piece[index] = expected(sent + index, own);
        ssize_t taken = send(connection, piece, count, MSG_NOSIGNAL);
        MUST(taken > 0);
        sent += (size_t)taken;
    }
    return unused;
}

static void drain(void) {
    unsigned char piece[7001];
    for (size_t received = 0; received < total;) {
        ssize_t taken = read(connection, piece, sizeof piece);
        MUST(taken > 0);
        for (ssize_t index = 0; index < taken; index++)
            MUST(piece[index] == expected(received + (size_t)index, other));
        received += (size_t)taken;
    }
}

int main(int argc, char **argv) {
    pthread_t filler;
    int is_server = argc == 4 && strcmp(argv[1], "server") == 0, size = 30000;
    if (argc != 4)
        return 64;
    alarm(120);
    total = (size_t)atol(argv[3]);
    own = is_server ? 7 : 0;
    other = is_server ? 0 : 7;
    connection = is_server ? accept(tcp_listener(atoi(argv[2])), NULL, NULL) : tcp_connection(atoi(argv[2]));
    MUST(connection >= 0 && setsockopt(connection, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
    MUST(pthread_create(&filler, NULL, fill, NULL) == 0);
    drain();
    MUST(pthread_join(filler, NULL) == 0);
    return 0;
}
