// Talks through a socket pair with a program that it starts: `pair-exec COUNT`. The other, `pair-exec COUNT FD`, sends back every number,
// plus 1 000. Both ends are closed on exec, but for the one that the other gets under another number.
#include "connection.h"

#include <sys/wait.h>

static int answer(int pair) {
    uint32_t number;
    while (receive_all(pair, &number, sizeof number)) {
        number += 1000;
        send_all(pair, &number, sizeof number);
    }
    return 0;
}

int main(int argc, char **argv) {
    int ends[2];
    if (argc == 3)
        return answer(atoi(argv[2]));
    if (argc != 2)
        return 64;
    alarm(120);
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    if (fork() == 0) {
        MUST(dup2(ends[1], 7) == 7);
        execl("/proc/self/exe", argv[0], argv[1], "7", NULL);
        _exit(1);
    }
    close(ends[1]);
    for (uint32_t number = 1; number <= (uint32_t)atoi(argv[1]); number++) {
        uint32_t back;
        send_all(ends[0], &number, sizeof number);
        MUST(receive_all(ends[0], &back, sizeof back) && back == number + 1000);
    }
    close(ends[0]);
    MUST(wait(NULL) > 0);
    return 0;
}
