// A connection that is reset: `reset server PORT`, `reset client PORT`. The client sends 100 bytes and reads the first 10 of 50 that it
// gets; when it has them all it resets the connection (SO_LINGER 0). The server, which waits for more, gets ECONNRESET, and then EPIPE
// for what it sends.
#include "connection.h"

#include <sys/ioctl.h>

static void serve(int port) {
    char bytes[100] = {0};
    int connection = accept(tcp_listener(port), NULL, NULL);
    MUST(connection >= 0);
    MUST(receive_all(connection, bytes, 100));
    send_all(connection, bytes, 50);
    MUST(recv(connection, bytes, sizeof bytes, 0) < 0 && errno == ECONNRESET);
    MUST(send(connection, bytes, sizeof bytes, MSG_NOSIGNAL) < 0 && errno == EPIPE);
}

static void reset(int port) {
    char bytes[100];
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    int connection = tcp_connection(port), waiting = 0;
    memset(bytes, 'r', sizeof bytes);
    send_all(connection, bytes, 100);
    MUST(receive_all(connection, bytes, 10));
    while (waiting < 40)
        MUST(ioctl(connection, FIONREAD, &waiting) == 0);
    MUST(setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0);
    close(connection);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 64;
    alarm(60);
    if (strcmp(argv[1], "server") == 0)
        serve(atoi(argv[2]));
    else
        reset(atoi(argv[2]));
    return 0;
}
