// Two programs that take turns, so that all they do has one order: `greeting serve PORT` and `greeting ask PORT`.
#include "connection.h"

static const char hello[] = "hello\n", question[] = "how are you?\0\xff\t\n", answer[] = "fine & <well>\n";

static void serve(int port) {
    char bytes[64];
    int listener = tcp_listener(port);
    int connection = accept(listener, NULL, NULL);
    MUST(connection >= 0);
    send_all(connection, hello, strlen(hello));
    MUST(receive_all(connection, bytes, sizeof question - 1));
    send_all(connection, answer, strlen(answer));
    MUST(receive_all(connection, bytes, 1) == 0);
    close(connection);
}

static void ask(int port) {
    char bytes[64];
    int connection = tcp_connection(port);
    MUST(receive_all(connection, bytes, strlen(hello)));
    send_all(connection, question, sizeof question - 1);
    MUST(receive_all(connection, bytes, strlen(answer)));
    close(connection);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 64;
    alarm(60);
    if (strcmp(argv[1], "serve") == 0)
        serve(atoi(argv[2]));
    else
        ask(atoi(argv[2]));
    return 0;
}
