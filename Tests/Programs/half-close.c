// `half-close server PORT`: takes a connection, reads to the end of the stream, answers with the number of bytes, and closes.
// `half-close client CLOSED-PORT PORT`: fails to connect to CLOSED-PORT, then connects the same socket to PORT, sends three
// lines, ends its half of the stream, and reads the answer to its end.
#include "connection.h"

static void serve(int port) {
    char bytes[100];
    ssize_t received, total = 0;
    int listener = tcp_listener(port), connection = accept(listener, NULL, NULL);
    MUST(connection >= 0);
    while ((received = read(connection, bytes, sizeof bytes)) > 0)
        total += received;
    MUST(received == 0);
    int length = snprintf(bytes, sizeof bytes, "%zd bytes\n", total);
    MUST(write(connection, bytes, (size_t)length) == length);
    close(connection);
}

static void ask(int closed, int port) {
    char bytes[100];
    struct sockaddr_in nobody = on_loopback(closed), server = on_loopback(port);
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    MUST(connection >= 0 && connect(connection, (struct sockaddr *)&nobody, sizeof nobody) < 0 && errno == ECONNREFUSED);
    MUST(connect(connection, (struct sockaddr *)&server, sizeof server) == 0);
    for (int line = 1; line <= 3; line++) {
        int length = snprintf(bytes, sizeof bytes, "line %d\n", line);
        MUST(write(connection, bytes, (size_t)length) == length);
    }
    MUST(shutdown(connection, SHUT_WR) == 0);
    ssize_t received;
    while ((received = read(connection, bytes, sizeof bytes)) > 0)
        MUST(write(STDOUT_FILENO, bytes, (size_t)received) == received);
    MUST(received == 0);
}

int main(int argc, char **argv) {
    alarm(60);
    if (argc == 3 && strcmp(argv[1], "server") == 0)
        serve(atoi(argv[2]));
    else if (argc == 4 && strcmp(argv[1], "client") == 0)
        ask(atoi(argv[2]), atoi(argv[3]));
    else
        return 64;
    return 0;
}
