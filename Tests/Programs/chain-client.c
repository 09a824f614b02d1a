// The first of three tiers: `chain-client PORT REQUESTS THREADS`. Every thread opens one connection and asks REQUESTS times over it.
#include <pthread.h>

#include "connection.h"
#include "message.h"

static int port, requests;
static uint32_t latest_answer;

uint32_t plus(uint32_t a, uint32_t b) { return a + b; }

static void send_question(int connection, uint32_t number) {
    struct message question = {.number = number};
    snprintf(question.text, sizeof question.text, "question %u", number);
    send_all(connection, &question, sizeof question);
}

static void receive_answer(int connection, uint32_t number) {
    struct message answer;
    MUST(receive_all(connection, &answer, sizeof answer));
    latest_answer = plus(answer.number, 0);
    MUST(latest_answer == number + 1000);
}

static void *talk(void *first) {
    int connection = tcp_connection(port);
    for (int asked = 0; asked < requests; asked++) {
        uint32_t number = (uint32_t)(uintptr_t)first + (uint32_t)asked;
        send_question(connection, number);
        receive_answer(connection, number);
    }
    close(connection);
    return NULL;
}

int main(int argc, char **argv) {
    MUST(argc == 4);
    port = atoi(argv[1]);
    requests = atoi(argv[2]);
    pthread_t threads[16];
    int count = atoi(argv[3]);
    MUST(count <= 16);
    for (int thread = 0; thread < count; thread++)
        MUST(pthread_create(&threads[thread], NULL, talk, (void *)(uintptr_t)(100 * (thread + 1))) == 0);
    for (int thread = 0; thread < count; thread++)
        MUST(pthread_join(threads[thread], NULL) == 0);
    return 0;
}
