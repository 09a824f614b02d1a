// The second of three tiers: `chain-proxy PORT BACKEND WORKERS`. Forks WORKERS processes, each of which serves one connection on PORT
// and passes every question on to BACKEND, and its answer back. Prints "ready" once it listens.
#include <sys/wait.h>

#include "connection.h"
#include "message.h"

static unsigned passed;

static void pass_on(int backend, const struct message *question, struct message *answer) {
    struct message copy = *question;
    send_all(backend, &copy, sizeof copy);
    MUST(receive_all(backend, answer, sizeof *answer));
}

static int handle_question(int client, int backend) {
    struct message question, answer;
    if (!receive_all(client, &question, sizeof question))
        return 0;
    pass_on(backend, &question, &answer);
    send_all(client, &answer, sizeof answer);
    passed++;
    return 1;
}

static void work(int listener, int port) {
    int client = accept(listener, NULL, NULL);
    MUST(client >= 0);
    int backend = tcp_connection(port);
    while (handle_question(client, backend))
        ;
    close(client);
    close(backend);
}

int main(int argc, char **argv) {
    MUST(argc == 4);
    int listener = tcp_listener(atoi(argv[1]));
    printf("ready\n");
    fflush(stdout);
    for (int worker = 0; worker < atoi(argv[3]); worker++) {
        if (fork() == 0) {
            work(listener, atoi(argv[2]));
            exit(0);
        }
    }
    while (wait(NULL) > 0)
        ;
    return 0;
}
