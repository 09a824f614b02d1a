// What the datagram programs of the tests say to each other: numbered questions, and answers that name who gave them. How long either is
// depends on the client and the number: a trace does not hold what was sent, nor to whom, so only lengths tell datagrams apart. Clients 1
// and 2, who ask at the same time, have none in common: on a slow machine their datagrams are on the way side by side.
#include "connection.h"

struct datagram {
    uint32_t client, number, server;  // server: 0 in a question
    char rest[100];
};

static inline size_t length_of(const struct datagram *datagram) {
    return 12 + (datagram->client * 11 + datagram->number * 7) % 50 * 2 + datagram->client % 2;
}

static inline int datagram_socket(int port, int options) {
    struct sockaddr_in address = on_loopback(port);
    int yes = 1, made = socket(AF_INET, SOCK_DGRAM, 0);
    MUST(made >= 0 && (options == 0 || setsockopt(made, SOL_SOCKET, options, &yes, sizeof yes) == 0));
    MUST(bind(made, (struct sockaddr *)&address, sizeof address) == 0);
    return made;
}

// Says "port N", by which the tests find it.
static inline void print_port(int socket) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    MUST(getsockname(socket, (struct sockaddr *)&address, &length) == 0);
    dprintf(STDOUT_FILENO, "port %d\n", ntohs(address.sin_port));
}
