// What the small network programs of the tests have in common. Everything that fails ends the program with the line's number.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, strerror(errno));                       \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static inline struct sockaddr_in on_loopback(int port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static inline int tcp_listener(int port) {
    struct sockaddr_in address = on_loopback(port);
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    MUST(listener >= 0 && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0);
    MUST(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 64) == 0);
    return listener;
}

static inline int tcp_connection(int port) {
    struct sockaddr_in address = on_loopback(port);
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    MUST(connection >= 0 && connect(connection, (struct sockaddr *)&address, sizeof address) == 0);
    return connection;
}

static inline void send_all(int connection, const void *bytes, size_t count) {
    for (size_t done = 0; done < count;) {
        ssize_t sent = send(connection, (const char *)bytes + done, count - done, MSG_NOSIGNAL);
        MUST(sent > 0);
        done += (size_t)sent;
    }
}

// Returns 0 at the end of the stream.
static inline int receive_all(int connection, void *bytes, size_t count) {
    for (size_t done = 0; done < count;) {
        ssize_t received = recv(connection, (char *)bytes + done, count - done, 0);
        if (received == 0 && done == 0)
            return 0;
        MUST(received > 0);
        done += (size_t)received;
    }
    return 1;
}
