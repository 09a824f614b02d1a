// Processes that each listen on PORT with a socket of their own (SO_REUSEPORT): `reuse-server PORT PROCESSES`. The kernel chooses who gets
// a connection. Each answers questions of message-client until it is killed; prints "listening" when it does, and "process PID question Q"
// for every question.
#include "connection.h"
#include "message.h"

static void serve(int port) {
    alarm(120);
    struct sockaddr_in address = on_loopback(port);
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    MUST(listener >= 0 && setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) == 0);
    MUST(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 64) == 0);
    dprintf(STDOUT_FILENO, "listening\n");
    for (;;) {
        struct message message;
        int connection = accept(listener, NULL, NULL);
        MUST(connection >= 0 && receive_all(connection, &message, sizeof message));
        dprintf(STDOUT_FILENO, "process %d question %u\n", getpid(), message.number);
        message.number += 1000;
        send_all(connection, &message, sizeof message);
        close(connection);
    }
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 64;
    for (int process = 1; process < atoi(argv[2]); process++)
        if (fork() == 0)
            serve(atoi(argv[1]));
    serve(atoi(argv[1]));
}
