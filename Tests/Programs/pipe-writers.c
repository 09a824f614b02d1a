// Processes that write to one pipe: `pipe-writers WRITERS COUNT`. Each writes COUNT records, of its number and theirs, longer and longer; the
// parent reads them as they come, and prints "WRITER RECORD" for each.
#include "connection.h"

#include <sys/wait.h>

struct record {
    uint32_t writer, number;
    char rest[240];
};

static size_t length_of(uint32_t number) { return 8 + number * 12 % 240; }

static void write_records(int pipe, uint32_t writer, uint32_t count) {
    struct record record = {.writer = writer};
    for (record.number = 0; record.number < count; record.number++)
        MUST(write(pipe, &record, length_of(record.number)) == (ssize_t)length_of(record.number));
}

static void read_whole(int pipe, void *bytes, size_t count) {
    for (size_t done = 0; done < count;) {
        ssize_t length = read(pipe, (char *)bytes + done, count - done);
        MUST(length > 0);
        done += (size_t)length;
    }
}

int main(int argc, char **argv) {
    int ends[2], writers = argc > 1 ? atoi(argv[1]) : 0;
    struct record record;
    if (argc != 3)
        return 64;
    alarm(120);
    MUST(pipe(ends) == 0);
    for (int writer = 0; writer < writers; writer++)
        if (fork() == 0) {
            write_records(ends[1], (uint32_t)getpid(), (uint32_t)atoi(argv[2]));
            _exit(0);
        }
    close(ends[1]);
    while (read(ends[0], &record, 8) > 0) {
        read_whole(ends[0], record.rest, length_of(record.number) - 8);
        printf("%u %u\n", record.writer, record.number);
    }
    while (wait(NULL) > 0)
        ;
    return 0;
}
