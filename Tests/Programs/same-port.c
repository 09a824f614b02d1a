// A client of prefork-server that always comes from the same port: `same-port OWN-PORT PORT TIMES`. Each connection has the same
// two addresses as the one before. It is reset, not closed, so that the addresses are free again at once.
#include "connection.h"
#include "message.h"

int main(int argc, char **argv) {
    if (argc != 4)
        return 64;
    alarm(60);
    struct sockaddr_in own = on_loopback(atoi(argv[1])), server = on_loopback(atoi(argv[2]));
    for (uint32_t number = 0; number < (uint32_t)atoi(argv[3]); number++) {
        int connection = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
        struct linger reset = {.l_onoff = 1, .l_linger = 0};
        struct message message = {.number = number};
        MUST(connection >= 0 && setsockopt(connection, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0);
        MUST(setsockopt(connection, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
        MUST(bind(connection, (struct sockaddr *)&own, sizeof own) == 0);
        MUST(connect(connection, (struct sockaddr *)&server, sizeof server) == 0);
        snprintf(message.text, sizeof message.text, "question %u", number);
        send_all(connection, &message, sizeof message);
        MUST(receive_all(connection, &message, sizeof message) && message.number == number + 1000);
        close(connection);
    }
    return 0;
}
