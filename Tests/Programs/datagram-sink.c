// Takes COUNT datagrams, and asks for no sender: `datagram-sink COUNT [PATH]`, on any UDP port or on a Unix socket bound to PATH. Prints
// "port N", and "took Q" for every datagram, by the number in it.
#include "datagram.h"

int main(int argc, char **argv) {
    if (argc < 2)
        return 64;
    alarm(120);
    int taker;
    if (argc > 2) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        strncpy(address.sun_path, argv[2], sizeof address.sun_path - 1);
        MUST((taker = socket(AF_UNIX, SOCK_DGRAM, 0)) >= 0 && bind(taker, (struct sockaddr *)&address, sizeof address) == 0);
        dprintf(STDOUT_FILENO, "port 0\n");
    } else {
        print_port(taker = datagram_socket(0, 0));
    }
    for (int count = 0; count < atoi(argv[1]); count++) {
        uint32_t number;
        MUST(recv(taker, &number, sizeof number, 0) == sizeof number);
        dprintf(STDOUT_FILENO, "took %u\n", number);
    }
    return 0;
}
