// Threads that take turns by a condition variable: an order that only the trace knows. With an argument, a timer's signal comes in
// between; the kernel may interrupt one thread's call for it and then let another thread take it, so that calls are restarted.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

enum { THREADS = 3, TURNS = 20 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int turn;
static volatile sig_atomic_t alarms;

static void on_alarm(int signal) {
    (void)signal;
    alarms++;
}

static void *play(void *argument) {
    int self = *(int *)argument;
    for (int round = 0; round < TURNS; round++) {
        pthread_mutex_lock(&mutex);
        while (turn % THREADS != self) pthread_cond_wait(&changed, &mutex);
        printf("%d: turn %d after %s alarm\n", self, turn, alarms > 0 ? "an" : "no");
        turn++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
        usleep(1000);
    }
    return NULL;
}

int main(int count, char **arguments) {
    (void)arguments;
    pthread_t threads[THREADS];
    int numbers[THREADS];
    struct itimerval often = {.it_interval = {.tv_usec = 5000}, .it_value = {.tv_usec = 5000}};
    signal(SIGALRM, on_alarm);
    if (count > 1) setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, play, &numbers[i]);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    return 0;
}
