// A server on a Unix socket, and its clients: `unix-echo server PATH CLIENTS`, `unix-echo client PATH NUMBER ROUNDS`. A client sends its
// number and a count, and gets both back with 1 000 added to the count. The server ends when all its clients have, and prints
// their numbers in the order in which it accepted them.
#include "connection.h"

#include <poll.h>

struct saying {
    uint32_t client, count;
};

static struct sockaddr_un at_path(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    MUST(strlen(path) < sizeof address.sun_path);
    strcpy(address.sun_path, path);
    return address;
}

static void serve(const char *path, int clients) {
    struct sockaddr_un address = at_path(path);
    struct pollfd all[65] = {{.events = POLLIN}};
    uint32_t numbers[65];
    int count = 1, ended = 0;
    MUST((all[0].fd = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0);
    MUST(bind(all[0].fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(all[0].fd, 64) == 0);
    while (ended < clients) {
        MUST(poll(all, (nfds_t)count, -1) > 0);
        for (int each = 1; each < count; each++) {
            struct saying saying;
            if (!all[each].revents)
                continue;
            if (receive_all(all[each].fd, &saying, sizeof saying)) {
                numbers[each] = saying.client;
                saying.count += 1000;
                send_all(all[each].fd, &saying, sizeof saying);
            } else {
                close(all[each].fd);
                all[each].fd = -1;
                ended++;
            }
        }
        if (all[0].revents) {
            MUST(count < 65 && (all[count].fd = accept(all[0].fd, NULL, NULL)) >= 0);
            all[count++].events = POLLIN;
        }
    }
    for (int each = 1; each < count; each++)
        printf("client%u\n", numbers[each]);
}

static void ask(const char *path, uint32_t client, uint32_t rounds) {
    struct sockaddr_un address = at_path(path);
    int connection = socket(AF_UNIX, SOCK_STREAM, 0);
    MUST(connection >= 0 && connect(connection, (struct sockaddr *)&address, sizeof address) == 0);
    for (uint32_t round = 1; round <= rounds; round++) {
        struct saying saying = {client, round};
        send_all(connection, &saying, sizeof saying);
        MUST(receive_all(connection, &saying, sizeof saying) && saying.client == client && saying.count == round + 1000);
    }
}

int main(int argc, char **argv) {
    alarm(120);
    if (argc == 4 && strcmp(argv[1], "server") == 0)
        serve(argv[2], atoi(argv[3]));
    else if (argc == 5 && strcmp(argv[1], "client") == 0)
        ask(argv[2], (uint32_t)atoi(argv[3]), (uint32_t)atoi(argv[4]));
    else
        return 64;
    return 0;
}
