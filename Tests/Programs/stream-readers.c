// Threads that read one socket: `stream-readers read PORT THREADS PIECE GROWTH`, and what they read: `stream-readers write PORT COUNT
// PIECE GROWTH`. The stream is the words 0, 1, 2, ... The writer's pieces, of which it sends COUNT, are PIECE words long and grow by GROWTH
// words from one to the next, anew after every fifth. Thread t takes up to PIECE + t * GROWTH words at a time, and prints "TID: FIRST COUNT"
// for each of its receives when all is read.
#include "connection.h"

#include <pthread.h>
#include <sys/syscall.h>

enum { MOST = 4096, LONGEST = 1024 };

static int connection;
static size_t piece, growth;

struct reader {
    pthread_t thread;
    size_t most, receives;
    long task;
    uint32_t first[MOST], count[MOST];
};

static void *read_all(void *argument) {
    struct reader *reader = argument;
    uint32_t words[LONGEST];
    reader->task = syscall(SYS_gettid);
    for (ssize_t length; (length = recv(connection, words, reader->most * sizeof *words, 0)) != 0; reader->receives++) {
        MUST(length > 0 && length % sizeof *words == 0 && reader->receives < MOST);
        for (uint32_t next = 1; next < length / sizeof *words; next++)
            MUST(words[next] == words[0] + next);
        reader->first[reader->receives] = words[0];
        reader->count[reader->receives] = (uint32_t)(length / sizeof *words);
    }
    return NULL;
}

static void read_with(int threads) {
    static struct reader readers[8];
    MUST(threads <= 8 && piece + 8 * growth <= LONGEST);
    for (int each = 0; each < threads; each++) {
        readers[each].most = piece + (size_t)each * growth;
        MUST(pthread_create(&readers[each].thread, NULL, read_all, &readers[each]) == 0);
    }
    for (int each = 0; each < threads; each++)
        MUST(pthread_join(readers[each].thread, NULL) == 0);
    for (int each = 0; each < threads; each++)
        for (size_t number = 0; number < readers[each].receives; number++)
            printf("%ld: %u %u\n", readers[each].task, readers[each].first[number], readers[each].count[number]);
}

static void write_pieces(int count) {
    uint32_t words[LONGEST], next = 0;
    for (int number = 0; number < count; number++) {
        size_t length = piece + (size_t)(number % 5) * growth;
        for (size_t each = 0; each < length; each++)
            words[each] = next++;
        send_all(connection, words, length * sizeof *words);
        usleep(500);
    }
}

int main(int argc, char **argv) {
    if (argc != 6)
        return 64;
    alarm(120);
    piece = (size_t)atoi(argv[4]);
    growth = (size_t)atoi(argv[5]);
    if (strcmp(argv[1], "read") == 0) {
        connection = accept(tcp_listener(atoi(argv[2])), NULL, NULL);
        MUST(connection >= 0);
        read_with(atoi(argv[3]));
    } else {
        connection = tcp_connection(atoi(argv[2]));
        write_pieces(atoi(argv[3]));
    }
    return 0;
}
