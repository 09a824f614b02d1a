// Conversations over Unix sockets that keep messages apart: `unix-messages serve sequenced|datagrams PATH` and `unix-messages ask
// sequenced|datagrams PATH CLIENT COUNT`. A question says its client and number, and is as long as both say; of every fifth the
// server takes only the first 8 bytes, and the rest is lost. Answers are 12 bytes. The server of sequenced packets serves two clients, one
// after the other; that of datagrams ends when two have said good-bye (a question of number 0xffffffff). Prints "client C question Q".
#include "connection.h"

enum { SHORT = 8, CLIENTS = 2 };

struct message {
    uint32_t client, number, answer;
    char rest[500];
};

static size_t length_of(const struct message *message) {
    return sizeof(uint32_t) * 3 + (message->client * 101 + message->number * 37) % 400;
}

static struct sockaddr_un at_path(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    MUST(strlen(path) < sizeof address.sun_path);
    strcpy(address.sun_path, path);
    return address;
}

static int named_socket(int kind, const char *path) {
    struct sockaddr_un address = at_path(path);
    int made = socket(AF_UNIX, kind, 0);
    MUST(made >= 0 && bind(made, (struct sockaddr *)&address, sizeof address) == 0);
    return made;
}

// Takes a question and answers it; returns 0 at the end of the stream, and when somebody says good-bye.
static int answer_one(int socket, uint32_t expected) {
    struct message message;
    struct sockaddr_un from;
    socklen_t length = sizeof from;
    size_t most = expected % 5 == 4 ? SHORT : sizeof message;
    ssize_t count = recvfrom(socket, &message, most, 0, (struct sockaddr *)&from, &length);
    if (count == 0 || message.number == UINT32_MAX)
        return 0;
    MUST(count == (ssize_t)(most == SHORT ? SHORT : length_of(&message)));
    printf("client %u question %u\n", message.client, message.number);
    message.answer = message.number + 1000;
    ssize_t sent = length > sizeof from.sun_family ? sendto(socket, &message, 12, 0, (struct sockaddr *)&from, length)
                                                   : send(socket, &message, 12, MSG_NOSIGNAL);
    MUST(sent == 12);
    return 1;
}

static void serve(int kind, const char *path) {
    int socket = named_socket(kind, path);
    uint32_t number = 0;
    if (kind == SOCK_SEQPACKET)
        MUST(listen(socket, 4) == 0);
    for (int client = 0; client < CLIENTS; client++) {
        int connection = kind == SOCK_SEQPACKET ? accept(socket, NULL, NULL) : socket;
        MUST(connection >= 0);
        while (answer_one(connection, number++))
            ;
        if (kind == SOCK_SEQPACKET)
            close(connection);
    }
}

static void ask(int kind, const char *path, uint32_t client, uint32_t count) {
    struct sockaddr_un server = at_path(path);
    struct message message = {.client = client}, answer;
    char own[100];
    snprintf(own, sizeof own, "%s.%u", path, client);
    int connection = kind == SOCK_SEQPACKET ? socket(AF_UNIX, kind, 0) : named_socket(kind, own);
    MUST(connection >= 0 && connect(connection, (struct sockaddr *)&server, sizeof server) == 0);
    for (message.number = 0; message.number < count; message.number++) {
        ssize_t length = (ssize_t)length_of(&message);
        MUST(send(connection, &message, (size_t)length, 0) == length);
        MUST(recv(connection, &answer, sizeof answer, 0) == 12 && answer.client == client && answer.answer == message.number + 1000);
    }
    message.number = UINT32_MAX;
    if (kind == SOCK_DGRAM)
        MUST(send(connection, &message, 12, 0) == 12 && unlink(own) == 0);
}

int main(int argc, char **argv) {
    if (argc < 4)
        return 64;
    alarm(120);
    int kind = strcmp(argv[2], "sequenced") == 0 ? SOCK_SEQPACKET : SOCK_DGRAM;
    if (argc == 4 && strcmp(argv[1], "serve") == 0)
        serve(kind, argv[3]);
    else if (argc == 6 && strcmp(argv[1], "ask") == 0)
        ask(kind, argv[3], (uint32_t)atoi(argv[4]), (uint32_t)atoi(argv[5]));
    else
        return 64;
    return 0;
}
