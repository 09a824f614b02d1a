// Two threads take turns, and spin until it is theirs: `spinning ROUNDS`.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static volatile int turn;
static int rounds;

// The round is kept in a register: where slices are told apart by registers alone, as software counters have it, no two ends of a slice may
// look alike. See docs/software-counters.md.
static void take_turns(int own) {
    for (register int i __asm__("rbx") = 0; i < rounds; i++) {
        while (turn != own) {
        }
        turn = !own;
    }
}

static void *second(void *unused) {
    (void)unused;
    take_turns(1);
    return NULL;
}

int main(int argc, char **argv) {
    rounds = argc > 1 ? atoi(argv[1]) : 1;
    pthread_t thread;
    if (pthread_create(&thread, NULL, second, NULL) != 0) return 1;
    take_turns(0);
    pthread_join(thread, NULL);
    puts("done");
    return 0;
}
