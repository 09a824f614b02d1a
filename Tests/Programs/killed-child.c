// Kills its child: `killed-child PORT COUNT`. The child connects to PORT, sends the numbers 1 to COUNT there and through a pipe to its
// parent, and waits. The parent reads them, gives the child time to fall asleep, writes a byte that nobody will read, kills the child
// (SIGKILL), and reads on to the end of the pipe. `killed-child PORT` is who listens there: it reads to the end of the stream, and prints
// the last number.
#include "connection.h"

#include <sys/wait.h>

static void send_numbers(int port, int pipe, uint32_t count) {
    int connection = tcp_connection(port);
    for (uint32_t number = 1; number <= count; number++) {
        send_all(connection, &number, sizeof number);
        MUST(write(pipe, &number, sizeof number) == sizeof number);
    }
    for (;;)
        pause();
}

static int listen_to(int port) {
    uint32_t number = 0;
    int connection = accept(tcp_listener(port), NULL, NULL);
    MUST(connection >= 0);
    while (receive_all(connection, &number, sizeof number))
        ;
    printf("%u\n", number);
    return 0;
}

int main(int argc, char **argv) {
    int ends[2], unread[2], status;
    alarm(120);
    if (argc == 2)
        return listen_to(atoi(argv[1]));
    if (argc != 3)
        return 64;
    MUST(pipe(ends) == 0 && pipe(unread) == 0);
    uint32_t number = 0, count = (uint32_t)atoi(argv[2]);
    pid_t child = fork();
    if (child == 0)
        send_numbers(atoi(argv[1]), ends[1], count);
    close(ends[1]);
    while (number < count)
        MUST(read(ends[0], &number, sizeof number) == sizeof number);
    usleep(100000);
    MUST(write(unread[1], "!", 1) == 1);
    MUST(kill(child, SIGKILL) == 0);
    MUST(read(ends[0], &number, sizeof number) == 0);
    MUST(wait(&status) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    printf("%u\n", number);
    return 0;
}
