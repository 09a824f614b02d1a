// A pre-fork server: `prefork-server WORKERS CONNECTIONS`. Every worker serves CONNECTIONS connections, each with
// one request and one reply, and ends; the parent waits for all of them. Prints "port N" once it listens.
// It hesitates before each reply, for the reason given in message-client.c.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "message.h"

static void receive_request(int connection, struct message *request) {
    if (recv(connection, request, sizeof *request, MSG_WAITALL) != sizeof *request)
        exit(2);
}

static void send_reply(int connection, const struct message *request) {
    struct message reply = {.number = request->number + 1000};
    snprintf(reply.text, sizeof reply.text, "reply to %u", request->number);
    if (send(connection, &reply, sizeof reply, 0) != sizeof reply)
        exit(3);
}

static int serve(int listener, int connections) {
    for (int served = 0; served < connections; served++) {
        struct message request;
        int connection = accept(listener, NULL, NULL);
        if (connection < 0)
            return 4;
        receive_request(connection, &request);
        usleep(20000);
        send_reply(connection, &request);
        close(connection);
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 64;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 64) ||
        getsockname(listener, (struct sockaddr *)&address, &length))
        return 5;
    for (int worker = 0; worker < atoi(argv[1]); worker++)
        if (fork() == 0)
            _exit(serve(listener, atoi(argv[2])));
    printf("port %d\n", ntohs(address.sin_port));
    fflush(stdout);
    while (wait(NULL) > 0)
        ;
    return 0;
}
