// Three processes of which each waits for what another never sends. `deadlock ring PORT INDEX` is one of three that are started one by one
// and talk over TCP; `deadlock pipes` forks the other two; `deadlock parent PORT` is a parent that waits for a child that accepts: no deadlock.
#include "connection.h"

#include <sys/wait.h>

enum { COUNT = 3 };

static void say_ready(void) { MUST(write(STDOUT_FILENO, "ready\n", 6) == 6); }

static void ring(int port, int index) {
    char byte;
    int listener = tcp_listener(port + index), next;
    struct sockaddr_in address = on_loopback(port + (index + 1) % COUNT);
    for (;;) {
        next = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(next, (struct sockaddr *)&address, sizeof address) == 0)
            break;
        close(next);
        usleep(20000);
    }
    int previous = accept(listener, NULL, NULL);
    say_ready();
    MUST(previous >= 0 && recv(previous, &byte, 1, 0) == 1);
    send_all(next, &byte, 1);
}

static void pipes(void) {
    char byte;
    int ends[COUNT][2], index = 0;
    for (int number = 0; number < COUNT; number++)
        MUST(pipe(ends[number]) == 0);
    for (int number = 1; number < COUNT && index == 0; number++)
        if (fork() == 0)
            index = number;
    int from = (index + COUNT - 1) % COUNT;
    for (int number = 0; number < COUNT; number++) {
        if (number != from)
            close(ends[number][0]);
        if (number != index)
            close(ends[number][1]);
    }
    say_ready();
    MUST(read(ends[from][0], &byte, 1) == 1 && write(ends[index][1], &byte, 1) == 1);
}

static void parent(int port) {
    int listener = tcp_listener(port);
    pid_t child = fork();
    say_ready();
    if (child == 0)
        MUST(accept(listener, NULL, NULL) >= 0);
    else
        MUST(waitpid(child, NULL, 0) == child);
}

int main(int argc, char **argv) {
    alarm(60);
    if (argc == 4)
        ring(atoi(argv[2]), atoi(argv[3]));
    else if (argc == 3)
        parent(atoi(argv[2]));
    else
        pipes();
    return 0;
}
