// A pre-fork server whose parent accepts and hands the connections to its workers in turn (SCM_RIGHTS): `passing-server WORKERS
// CONNECTIONS`. Serves CONNECTIONS connections of message-client in all, one question each. Prints "port N", and "worker PID question Q"
// for every question. A worker has all that its parent has but the connections, and the ways to workers that were made after it.
#include "connection.h"
#include "message.h"

#include <sys/wait.h>

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

static void pass(int channel, int connection) {
    char byte = 'c';
    union control control = {.header = {CMSG_LEN(sizeof connection), SOL_SOCKET, SCM_RIGHTS}};
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    memcpy(CMSG_DATA(&control.header), &connection, sizeof connection);
    MUST(sendmsg(channel, &message, 0) == 1);
}

// Returns -1 when no more will come.
static int take(int channel) {
    char byte;
    int connection;
    union control control;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t count = recvmsg(channel, &message, 0);
    if (count == 0)
        return -1;
    MUST(count == 1 && message.msg_controllen >= sizeof control.header && control.header.cmsg_type == SCM_RIGHTS);
    memcpy(&connection, CMSG_DATA(&control.header), sizeof connection);
    return connection;
}

static int serve(int channel) {
    for (int connection; (connection = take(channel)) >= 0; close(connection)) {
        struct message message;
        MUST(receive_all(connection, &message, sizeof message));
        dprintf(STDOUT_FILENO, "worker %d question %u\n", getpid(), message.number);
        message.number += 1000;
        send_all(connection, &message, sizeof message);
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 64;
    alarm(120);
    int workers = atoi(argv[1]), channels[16], listener = tcp_listener(0);
    for (int worker = 0; worker < workers && worker < 16; worker++) {
        int ends[2];
        MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        if (fork() == 0) {
            for (int other = 0; other < worker; other++)
                close(channels[other]);
            close(ends[0]);
            _exit(serve(ends[1]));
        }
        close(ends[1]);
        channels[worker] = ends[0];
    }
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    MUST(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    dprintf(STDOUT_FILENO, "port %d\n", ntohs(address.sin_port));
    for (int count = 0; count < atoi(argv[2]); count++) {
        int connection = accept(listener, NULL, NULL);
        MUST(connection >= 0);
        pass(channels[count % workers], connection);
        close(connection);
    }
    for (int worker = 0; worker < workers; worker++)
        close(channels[worker]);
    while (wait(NULL) > 0)
        ;
    return 0;
}
