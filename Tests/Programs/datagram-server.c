// Answers datagrams until it is killed: `datagram-server PORT NUMBER [WORKERS]`. With WORKERS, so many processes share its one socket;
// worker w is server NUMBER + w. PORT 0 is any port; a given PORT may be shared with other servers (SO_REUSEPORT). Prints "port N", and
// "server S: client C question Q" for every question that it took.
#include "datagram.h"

static void serve(int socket, uint32_t number) {
    alarm(120);
    for (;;) {
        struct datagram datagram;
        struct sockaddr_in from;
        socklen_t length = sizeof from;
        ssize_t count = recvfrom(socket, &datagram, sizeof datagram, 0, (struct sockaddr *)&from, &length);
        MUST(count == (ssize_t)length_of(&datagram));
        dprintf(STDOUT_FILENO, "server %u: client %u question %u\n", number, datagram.client, datagram.number);
        datagram.server = number;
        MUST(sendto(socket, &datagram, (size_t)count, 0, (struct sockaddr *)&from, length) == count);
    }
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 64;
    int port = atoi(argv[1]), socket = datagram_socket(port, port ? SO_REUSEPORT : 0);
    uint32_t number = (uint32_t)atoi(argv[2]);
    for (int worker = 1; argc > 3 && worker < atoi(argv[3]); worker++)
        if (fork() == 0)
            serve(socket, number + (uint32_t)worker);
    print_port(socket);
    serve(socket, number);
}
