// Stands between a client and a server of datagrams: `datagram-relay PORT SEED`. Passes questions on to PORT and answers back; some
// twice, and some only after the next one. Prints "port N", and "to server Q" or "to client Q" for every datagram that it passes on.
#include "datagram.h"

#include <poll.h>

struct parcel {
    struct datagram datagram;
    struct sockaddr_in to;
    size_t length;  // 0: there is none
    const char *name;
};

static uint32_t state;

static uint32_t chance(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % 100;
}

static void pass(int socket, const struct parcel *parcel) {
    dprintf(STDOUT_FILENO, "to %s %u\n", parcel->name, parcel->datagram.number);
    MUST(sendto(socket, &parcel->datagram, parcel->length, 0, (const struct sockaddr *)&parcel->to, sizeof parcel->to) ==
         (ssize_t)parcel->length);
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 64;
    alarm(120);
    struct sockaddr_in server = on_loopback(atoi(argv[1])), client = {0};
    struct parcel held = {.length = 0};
    int socket = datagram_socket(0, 0);
    struct pollfd waiting = {.fd = socket, .events = POLLIN};
    state = (uint32_t)atoi(argv[2]);
    print_port(socket);
    for (;;) {
        struct parcel parcel = {.name = "server", .to = server};
        struct sockaddr_in from;
        socklen_t length = sizeof from;
        // What is held back goes on when nothing else comes.
        if (held.length && poll(&waiting, 1, 50) == 0) {
            pass(socket, &held);
            held.length = 0;
        }
        ssize_t count = recvfrom(socket, &parcel.datagram, sizeof parcel.datagram, 0, (struct sockaddr *)&from, &length);
        MUST(count > 0);
        parcel.length = (size_t)count;
        if (from.sin_port == server.sin_port) {
            parcel.name = "client";
            parcel.to = client;
        } else {
            client = from;
        }
        uint32_t fate = chance();
        if (fate < 15 && !held.length) {
            held = parcel;
            continue;
        }
        pass(socket, &parcel);
        if (fate >= 90)
            pass(socket, &parcel);
        if (held.length)
            pass(socket, &held);
        held.length = 0;
    }
}
