// Two processes that their parent starts: `two-workers` and `two-workers pipe`. Each sends itself 20 numbers through a socket pair of its
// own. With the word "pipe", the second begins only when the first has written to it through a pipe. Prints "first PID" and "second PID".
#include "connection.h"

#include <signal.h>
#include <sys/wait.h>

static void work(void) {
    int ends[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    for (uint32_t number = 1; number <= 20; number++) {
        uint32_t back;
        send_all(ends[0], &number, sizeof number);
        MUST(receive_all(ends[1], &back, sizeof back) && back == number);
    }
}

static pid_t start(const char *name, int before, int after) {
    char byte = 'w';
    pid_t child = fork();
    if (child == 0) {
        if (before >= 0)
            MUST(read(before, &byte, 1) == 1);
        work();
        if (after >= 0)
            MUST(write(after, &byte, 1) == 1);
        _exit(0);
    }
    printf("%s %d\n", name, child);
    return child;
}

int main(int argc, char **argv) {
    int ends[2] = {-1, -1};
    (void)argv;
    alarm(120);
    // The news that the first has ended must not come before the second begins: that would be something between them.
    sigset_t child;
    MUST(sigemptyset(&child) == 0 && sigaddset(&child, SIGCHLD) == 0 && sigprocmask(SIG_BLOCK, &child, NULL) == 0);
    if (argc > 1)
        MUST(pipe(ends) == 0);
    start("first", -1, ends[1]);
    start("second", ends[0], -1);
    while (wait(NULL) > 0)
        ;
    return 0;
}
