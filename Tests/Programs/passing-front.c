// A server whose parts are programs of their own: `passing-front front PATH CONNECTIONS TAKEN` accepts connections of message-client, takes
// the first TAKEN bytes of each question, and hands it on with the connection (SCM_RIGHTS) through the Unix socket PATH, on which
// `passing-front worker PATH CONNECTIONS TAKEN` listens and answers. The descriptor of a plain file goes before that of the connection. Prints
// "port N", and "worker PID question Q" for every question.
#include "connection.h"
#include "message.h"

#include <fcntl.h>

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(2 * sizeof(int))];
};

static struct sockaddr_un at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return address;
}

static int front(const char *path, int connections, size_t taken) {
    struct sockaddr_un worker = at(path);
    int channel = socket(AF_UNIX, SOCK_STREAM, 0), listener = tcp_listener(0), file = open("/dev/null", O_RDONLY);
    MUST(file >= 0 && connect(channel, (struct sockaddr *)&worker, sizeof worker) == 0);
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    MUST(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    dprintf(STDOUT_FILENO, "port %d\n", ntohs(address.sin_port));
    for (int count = 0; count < connections; count++) {
        int both[2] = {file, accept(listener, NULL, NULL)};
        struct message question = {0};
        MUST(both[1] >= 0 && (taken == 0 || receive_all(both[1], &question, taken)));
        union control control = {.header = {CMSG_LEN(sizeof both), SOL_SOCKET, SCM_RIGHTS}};
        struct iovec part = {&question, sizeof question};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        memcpy(CMSG_DATA(&control.header), both, sizeof both);
        MUST(sendmsg(channel, &message, 0) == sizeof question);
        close(both[1]);
    }
    return 0;
}

static int worker(const char *path, int connections, size_t taken) {
    struct sockaddr_un own = at(path);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    MUST(bind(listener, (struct sockaddr *)&own, sizeof own) == 0 && listen(listener, 4) == 0);
    dprintf(STDOUT_FILENO, "port 0\n");
    int channel = accept(listener, NULL, NULL);
    MUST(channel >= 0);
    for (int count = 0; count < connections; count++) {
        struct message question;
        int both[2];
        union control control;
        struct iovec part = {&question, sizeof question};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        MUST(recvmsg(channel, &message, MSG_WAITALL) == sizeof question && message.msg_controllen >= sizeof control.header);
        memcpy(both, CMSG_DATA(&control.header), sizeof both);
        MUST(receive_all(both[1], (char *)&question + taken, sizeof question - taken));
        dprintf(STDOUT_FILENO, "worker %d question %u\n", getpid(), question.number);
        question.number += 1000;
        send_all(both[1], &question, sizeof question);
        close(both[0]);
        close(both[1]);
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 5)
        return 64;
    alarm(120);
    return (strcmp(argv[1], "front") == 0 ? front : worker)(argv[2], atoi(argv[3]), (size_t)atoi(argv[4]));
}
