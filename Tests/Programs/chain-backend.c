// The last of three tiers: `chain-backend PORT CONNECTIONS`. A thread for each connection answers its questions. Prints "ready" once it
// listens.
#include <pthread.h>

#include "connection.h"
#include "message.h"

static unsigned answered;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

uint32_t answer_to(uint32_t number) { return number + 1000; }

static void answer_question(int connection, const struct message *question) {
    struct message answer = {.number = answer_to(question->number)};
    snprintf(answer.text, sizeof answer.text, "answer to %u", question->number);
    pthread_mutex_lock(&lock);
    answered++;
    pthread_mutex_unlock(&lock);
    send_all(connection, &answer, sizeof answer);
}

static void *serve(void *argument) {
    int connection = (int)(intptr_t)argument;
    struct message question;
    while (receive_all(connection, &question, sizeof question))
        answer_question(connection, &question);
    close(connection);
    return NULL;
}

int main(int argc, char **argv) {
    MUST(argc == 3);
    int listener = tcp_listener(atoi(argv[1])), count = atoi(argv[2]);
    pthread_t threads[16];
    MUST(count <= 16);
    printf("ready\n");
    fflush(stdout);
    for (int served = 0; served < count; served++) {
        int connection = accept(listener, NULL, NULL);
        MUST(connection >= 0);
        MUST(pthread_create(&threads[served], NULL, serve, (void *)(intptr_t)connection) == 0);
    }
    for (int served = 0; served < count; served++)
        MUST(pthread_join(threads[served], NULL) == 0);
    return 0;
}
