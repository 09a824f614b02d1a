// A member of a ring: `token-ring ROUNDS OWN-PORT NEXT-PORT first|other`. Accepts its predecessor on OWN-PORT, connects to its
// successor on NEXT-PORT as soon as that listens, and passes a token on that counts how often it was passed. The first
// member makes the token, and keeps it when it has come ROUNDS times.
#include "connection.h"

static int connect_when_it_listens(int port) {
    struct sockaddr_in address = on_loopback(port);
    for (;;) {
        int connection = socket(AF_INET, SOCK_STREAM, 0);
        MUST(connection >= 0);
        if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0)
            return connection;
        MUST(errno == ECONNREFUSED);
        close(connection);
        usleep(50000);
    }
}

int main(int argc, char **argv) {
    if (argc != 5)
        return 64;
    alarm(120);
    int rounds = atoi(argv[1]), is_first = strcmp(argv[4], "first") == 0;
    int listener = tcp_listener(atoi(argv[2]));
    int successor = connect_when_it_listens(atoi(argv[3]));
    int predecessor = accept(listener, NULL, NULL);
    MUST(predecessor >= 0);
    uint32_t token = 1;
    if (is_first)
        send_all(successor, &token, sizeof token);
    for (int round = 1; round <= rounds; round++) {
        MUST(receive_all(predecessor, &token, sizeof token));
        token++;
        if (!is_first || round < rounds)
            send_all(successor, &token, sizeof token);
    }
    printf("%u\n", token - 1);
    return 0;
}
