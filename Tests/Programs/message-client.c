// A client: `message-client PORT REQUESTS [THREADS]`. Every thread sends REQUESTS requests, one per connection,
// and waits for each reply. Thread t numbers its requests from 100 * t.
//
// It hesitates before it sends, so that the server's receive has to wait: only then does rr, with its syscall buffer on,
// record the receive as an event of its own.
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "message.h"

static int port, requests;

static void send_request(int connection, const struct message *request) {
    if (send(connection, request, sizeof *request, 0) != sizeof *request)
        exit(2);
}

static uint32_t receive_reply(int connection) {
    struct message reply;
    if (recv(connection, &reply, sizeof reply, MSG_WAITALL) != sizeof reply)
        exit(3);
    return reply.number;
}

static void ask(uint32_t number) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct message request = {.number = number};
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    snprintf(request.text, sizeof request.text, "question %u", number);
    if (connect(connection, (struct sockaddr *)&address, sizeof address))
        exit(4);
    usleep(20000);
    send_request(connection, &request);
    if (receive_reply(connection) != number + 1000)
        exit(5);
    close(connection);
}

static void *ask_all(void *first) {
    for (int count = 0; count < requests; count++)
        ask((uint32_t)(uintptr_t)first + (uint32_t)count);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 64;
    int threads = argc > 3 ? atoi(argv[3]) : 0;
    pthread_t others[16];
    port = atoi(argv[1]);
    requests = atoi(argv[2]);
    for (int thread = 0; thread < threads && thread < 16; thread++)
        pthread_create(&others[thread], NULL, ask_all, (void *)(uintptr_t)(100 * (thread + 1)));
    if (threads == 0)
        ask_all(NULL);
    for (int thread = 0; thread < threads && thread < 16; thread++)
        pthread_join(others[thread], NULL);
    return 0;
}
