// What `ridealong selftest` records, and the tests do: a program that sends in every way there is, in so many processes and rounds.
//
// Each of the processes, forked one from the other (the second by an exec of this program), has two threads: one sends through descriptor
// 300 of a socket pair, the other reads what arrives and compares it. Byte N of process P's stream is (N * 7 + N / 256 + P) % 256. Sends
// that fail, because their memory is not there, are repeated rightly. A timer's signals come in between, and computations of some
// milliseconds, for turns to end in. 1 if anything is not as it must be.
#define _GNU_SOURCE
#include "include/CLinux.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SENDER = 300, RECEIVER = 301, LARGEST = 9000, PAGE = 4096 };
static int process;
static unsigned long total;

static unsigned char byte_at(unsigned long position) { return (unsigned char)(position * 7 + position / 256 + (unsigned long)process); }

static void check(int holds, const char *what) {
    if (holds) return;
    perror(what);
    _exit(1);
}

static unsigned long next_random(unsigned long *state) { return *state = *state * 6364136223846793005UL + 1442695040888963407UL; }

// One send of at most `count` bytes from `bytes`, in way `way`.
static ssize_t send_somehow(int way, unsigned char *bytes, size_t count) {
    struct iovec parts[3] = {{bytes, count / 3}, {bytes + count / 3, 0}, {bytes + count / 3, count - count / 3}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
    struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = parts, .msg_iovlen = 1}}, {.msg_hdr = {.msg_iov = parts + 2, .msg_iovlen = 1}}};
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct cmsghdr *rights = (struct cmsghdr *)control;
    switch (way) {
    case 0: return write(SENDER, bytes, count);
    case 1: return send(SENDER, bytes, count, 0);
    case 2: return writev(SENDER, parts, 3);
    case 3: return sendmsg(SENDER, &message, 0);
    case 4: { // with a descriptor
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        *rights = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(rights), &(int){2}, sizeof(int));
        return sendmsg(SENDER, &message, 0);
    }
    case 5: {
        if (count < 2) return write(SENDER, bytes, count);
        int sent = sendmmsg(SENDER, messages, 2, 0);
        return sent < 0 ? sent : (ssize_t)messages[0].msg_len + (sent > 1 ? messages[1].msg_len : 0);
    }
    case 6: { // from memory that is not there
        ssize_t failed = write(SENDER, (void *)8, count);
        check(failed < 0 && errno == EFAULT, "a write from nowhere");
        return write(SENDER, bytes, count);
    }
    case 7: { // from memory that ends
        static unsigned char *pages;
        if (!pages) pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pages[0] == 0) check(munmap(pages + 3 * PAGE, PAGE) == 0, "munmap");
        pages[0] = 1;
        size_t there = count < PAGE ? count : PAGE;
        memcpy(pages + 3 * PAGE - there, bytes, there);
        ssize_t sent = write(SENDER, pages + 3 * PAGE - there, there + 100);
        return sent < 0 ? write(SENDER, bytes, count) : sent;
    }
    default: { // what touches the descriptor, but sends nothing
        int copy = dup(SENDER), size = 1 << 16, poll = epoll_create1(0);
        struct epoll_event event = {.events = EPOLLOUT, .data.u64 = 0x1122334455667788};
        check(setsockopt(copy, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0, "setsockopt");
        check(epoll_ctl(poll, EPOLL_CTL_ADD, copy, &event) == 0, "epoll_ctl");
        check(epoll_wait(poll, &event, 1, 0) >= 0, "epoll_wait");
        ssize_t sent = write(SENDER, bytes, count);
        int error = errno;
        close(copy);
        close(poll);
        errno = error;
        return sent;
    }
    }
}

// Computes for some milliseconds without a call. No instruction comes twice within microseconds, so that a replay that looks for one by a
// breakpoint, as under software counters it must, finds it soon.
static unsigned long compute(unsigned long state) {
#define FOUR(x) x x x x
#define STEP state = state * 6364136223846793005UL + 1442695040888963407UL; state ^= state >> 29;
    for (int round = 0; round < 600; round++) { FOUR(FOUR(FOUR(FOUR(FOUR(STEP))))) }
    return state;
}

static void *send_all(void *rounds) {
    static unsigned char bytes[LARGEST];
    unsigned long state = (unsigned long)process + 1, position = 0;
    for (long round = 0; round < (long)rounds; round++) {
        size_t count = next_random(&state) >> 33;
        count = round % 50 == 0 ? count % LARGEST + 1 : count % 200 + 1;
        if (round % 200 == 100) state = compute(state);
        int way = (int)(next_random(&state) >> 40) % 9;
        while (count) {
            for (size_t index = 0; index < count; index++) bytes[index] = byte_at(position + index);
            ssize_t sent = send_somehow(way, bytes, count);
            if (sent < 0 && errno == EINTR) continue;
            check(sent > 0, "a send");
            count -= (size_t)sent < count ? (size_t)sent : count;
            position += (unsigned long)sent;
        }
    }
    total = position;
    check(shutdown(SENDER, SHUT_WR) == 0, "shutdown");
    return NULL;
}

static void receive_all(void) {
    static unsigned char bytes[5000];
    unsigned long position = 0;
    for (;;) {
        ssize_t got = position % 3 ? read(RECEIVER, bytes, sizeof bytes) : recv(RECEIVER, bytes, sizeof bytes, 0);
        if (got < 0 && errno == EINTR) continue;
        check(got >= 0, "a receive");
        for (ssize_t index = 0; index < got; index++) check(bytes[index] == byte_at(position + (unsigned long)index), "a byte");
        position += (unsigned long)got;
        if (got == 0) break;
    }
    check(total == position, "the number of bytes");
}

static void on_alarm(int signal) { (void)signal; }

// One process: its own conversation, and then the next process.
static int run(const char *processes, const char *rounds) {
    int ends[2];
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    check(dup2(ends[0], SENDER) == SENDER && dup2(ends[1], RECEIVER) == RECEIVER, "dup2");
    close(ends[0]);
    close(ends[1]);
    signal(SIGALRM, on_alarm);
    struct itimerval every = {{0, 20000}, {0, 20000}}, never = {0};
    setitimer(ITIMER_REAL, &every, NULL);
    pthread_t sender;
    check(pthread_create(&sender, NULL, send_all, (void *)atol(rounds)) == 0, "pthread_create");
    receive_all();
    pthread_join(sender, NULL);
    setitimer(ITIMER_REAL, &never, NULL);
    if (process + 1 == atol(processes)) return 0;
    pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0) {
        char number[20];
        snprintf(number, sizeof number, "%d", ++process);
        if (process == 1) execl("/proc/self/exe", "captured", RIDEALONG_SELFTEST_WORD, processes, rounds, number, NULL);
        return run(processes, rounds);
    }
    int status;
    while (waitpid(child, &status, 0) < 0) check(errno == EINTR, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int ridealong_selftest_program(const char *processes, const char *rounds, int number) {
    process = number;
    return run(processes, rounds);
}
