// Asks COUNT questions by UDP: `datagram-client PORT CLIENT COUNT [SOCKETS]`, in turn from SOCKETS sockets (one). At most eight are on
// their way at a time; what is not answered in time is given up. Prints "question Q of socket S" for every question, and "answer Q from
// server S" for every answer, as they came.
#include "datagram.h"

#include <poll.h>

enum { WINDOW = 8, PATIENCE = 200, SOCKETS = 16 };

static struct pollfd sockets[SOCKETS];
static int count = 1;

// Takes answers until fewer than `window` questions are open or nothing has come for a while; returns how many are open then.
static int wait_for_answers(int open, int window) {
    while (open >= window) {
        if (poll(sockets, (nfds_t)count, PATIENCE) == 0)
            return 0;
        for (int each = 0; each < count; each++) {
            struct datagram answer;
            if (!sockets[each].revents)
                continue;
            ssize_t length = recvfrom(sockets[each].fd, &answer, sizeof answer, 0, NULL, NULL);
            MUST(length == (ssize_t)length_of(&answer) && answer.server != 0);
            dprintf(STDOUT_FILENO, "answer %u from server %u\n", answer.number, answer.server);
            open -= open > 0;
        }
    }
    return open;
}

int main(int argc, char **argv) {
    if (argc < 4)
        return 64;
    alarm(120);
    struct sockaddr_in server = on_loopback(atoi(argv[1]));
    struct datagram question = {.client = (uint32_t)atoi(argv[2])};
    int open = 0;
    count = argc > 4 ? atoi(argv[4]) : 1;
    MUST(count <= SOCKETS);
    for (int each = 0; each < count; each++) {
        sockets[each] = (struct pollfd){.fd = socket(AF_INET, SOCK_DGRAM, 0), .events = POLLIN};
        MUST(sockets[each].fd >= 0);
    }
    for (uint32_t number = 0; number < (uint32_t)atoi(argv[3]); number++) {
        int from = (int)number % count;
        question.number = number;
        ssize_t length = (ssize_t)length_of(&question);
        open = wait_for_answers(open, WINDOW);
        dprintf(STDOUT_FILENO, "question %u of socket %d\n", number, from);
        MUST(sendto(sockets[from].fd, &question, (size_t)length, 0, (struct sockaddr *)&server, sizeof server) == length);
        open++;
    }
    // Answers that come twice must not end it early.
    while (wait_for_answers(1, 1) != 0 || poll(sockets, (nfds_t)count, PATIENCE) > 0)
        ;
    return 0;
}
