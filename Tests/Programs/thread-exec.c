// A thread that is not the first one executes this program again: `thread-exec`. That starts others in three ways (posix_spawn, vfork,
// fork), and talks to itself through a pipe, between signals. The forked ones kill themselves.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static int ends[2];

static void *sleep_on(void *nothing) {
    for (;;) pause();
    return nothing;
}

static void *execute(void *nothing) {
    execl("/proc/self/exe", "thread-exec", "again", NULL);
    return nothing;
}

static void on_signal(int signal) {
    (void)signal;
    if (write(ends[1], "s", 1) != 1) _exit(2);
}

// Writes so many bytes to the pipe, and reads them back.
static void round_trip(size_t count) {
    char out[100], in[100];
    memset(out, 'a' + (int)(count % 26), sizeof out);
    if (write(ends[1], out, count) != (ssize_t)count || read(ends[0], in, count) != (ssize_t)count) _exit(3);
    if (memcmp(in, out, count) != 0) _exit(4);
}

static void start_others(void) {
    char *words[] = {"true", NULL}, byte;
    pid_t child;
    if (posix_spawn(&child, "/bin/true", NULL, NULL, words, environ) != 0) _exit(5);
    waitpid(child, NULL, 0);
    child = vfork();
    if (child == 0) {
        execv("/bin/true", words);
        _exit(6);
    }
    waitpid(child, NULL, 0);
    child = fork();
    if (child == 0) {
        for (size_t round = 1; round < 20; round++) round_trip(round);
        kill(getpid(), SIGKILL);
    }
    waitpid(child, NULL, 0);
    raise(SIGUSR1);
    if (read(ends[0], &byte, 1) != 1) _exit(7);
}

int main(int count, char **words) {
    (void)words;
    pthread_t thread;
    if (count == 1) {
        for (int number = 0; number < 3; number++) pthread_create(&thread, NULL, sleep_on, NULL);
        pthread_create(&thread, NULL, execute, NULL);
        pthread_join(thread, NULL);
        return 1;
    }
    if (pipe(ends) != 0) return 2;
    signal(SIGUSR1, on_signal);
    for (size_t round = 1; round <= 50; round++) {
        round_trip(round);
        if (round % 10 == 0) start_others();
    }
    return 0;
}
