// Many kinds of system calls, each with one possible outcome, so that two runs can be compared call by call: `calls DIRECTORY`.
// What comes before the write to descriptor -1 is the loader's.
#define _GNU_SOURCE
#include "connection.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

static volatile sig_atomic_t signals;

static void count(int signal) {
    (void)signal;
    signals++;
}

static void files(void) {
    char bytes[64];
    struct stat status;
    MUST(open("no-such-file", O_RDONLY) < 0 && open("/", O_WRONLY) < 0);
    int file = open("file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    MUST(file >= 0 && write(file, "hello\0\1772\n\"world\"", 16) == 16 && lseek(file, 0, SEEK_SET) == 0);
    MUST(read(file, bytes, sizeof bytes) == 16 && read(file, bytes, sizeof bytes) == 0 && pread(file, bytes, 4, 1) == 4);
    MUST(fstat(file, &status) == 0 && stat("file", &status) == 0 && access("file", R_OK | W_OK) == 0);
    struct iovec parts[2] = {{bytes, 5}, {bytes + 8, 30}};
    MUST(lseek(file, 0, SEEK_SET) == 0 && readv(file, parts, 2) == 16);
    MUST(fcntl(file, F_GETFL) > 0 && fcntl(file, F_GETFD) == 1 && fcntl(file, F_SETFD, 0) == 0 && fcntl(file, F_DUPFD, 20) == 20);
    MUST(dup2(file, 21) == 21 && close(20) == 0 && close(21) == 0 && close(file) == 0 && close(file) < 0);
    MUST(symlink("file", "link") == 0 && readlink("link", bytes, sizeof bytes) == 4 && unlink("link") == 0 && unlink("file") == 0);
    MUST(getcwd(bytes, 1) == NULL);
}

static void memory(void) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(page != MAP_FAILED && mprotect(page, 4096, PROT_NONE) == 0 && madvise(page, 4096, MADV_DONTNEED) == 0 && munmap(page, 4096) == 0);
}

static void sockets(void) {
    char bytes[64];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int option = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    MUST(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &option, sizeof option) == 0);
    MUST(bind(listener, (struct sockaddr *)&address, size) == 0 && getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    MUST(listen(listener, 3) == 0 && connect(client, (struct sockaddr *)&address, size) == 0);
    int server = accept4(listener, (struct sockaddr *)&address, &size, SOCK_NONBLOCK);
    MUST(server >= 0 && recv(server, bytes, sizeof bytes, 0) < 0 && errno == EAGAIN);
    MUST(send(client, "a question", 10, MSG_NOSIGNAL) == 10 && recv(server, bytes, sizeof bytes, MSG_PEEK) == 10);
    size = sizeof option;
    MUST(getsockopt(server, SOL_SOCKET, SO_ERROR, &option, &size) == 0 && shutdown(client, SHUT_WR) == 0);
    struct pollfd polled[2] = {{server, POLLIN | POLLOUT, 0}, {-1, POLLIN, 0}};
    MUST(poll(polled, 2, 1000) == 1 && poll(polled + 1, 1, 0) == 0);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {EPOLLIN, {.u64 = 7}};
    MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, server, &event) == 0 && epoll_wait(epoll, &event, 1, -1) == 1);
    MUST(recv(server, bytes, sizeof bytes, 0) == 10 && recv(server, bytes, sizeof bytes, 0) == 0);
    MUST(close(epoll) == 0 && close(server) == 0 && close(client) == 0 && close(listener) == 0);
    MUST(socket(AF_UNIX, 99, 0) < 0);
}

static void messages(void) {
    char bytes[64], control[CMSG_SPACE(sizeof(int))] = {0};
    int ends[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    struct iovec part = {"passed", 6};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_len = CMSG_LEN(sizeof(int)), rights->cmsg_level = SOL_SOCKET, rights->cmsg_type = SCM_RIGHTS;
    memcpy(CMSG_DATA(rights), ends, sizeof(int));
    MUST(sendmsg(ends[0], &message, 0) == 6);
    part = (struct iovec){bytes, sizeof bytes};
    MUST(recvmsg(ends[1], &message, 0) == 6);
    MUST(close(ends[0]) == 0 && close(ends[1]) == 0 && write(ends[0], "x", 1) < 0);
}

static void processes(void) {
    char byte;
    int ends[2], status;
    struct sigaction action = {.sa_handler = count};
    sigset_t set, before;
    MUST(sigaction(SIGUSR1, &action, NULL) == 0 && kill(getpid(), SIGUSR1) == 0 && signals == 1);
    sigemptyset(&set), sigaddset(&set, SIGUSR2);
    MUST(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && sigprocmask(SIG_UNBLOCK, &set, &before) == 0);
    MUST(pipe2(ends, O_CLOEXEC) == 0);
    pid_t child = fork();
    if (child == 0) {
        MUST(close(ends[1]) == 0 && read(ends[0], &byte, 1) == 1);
        _exit(3);
    }
    MUST(child > 0 && write(ends[1], "!", 1) == 1 && wait4(child, &status, 0, NULL) == child && WEXITSTATUS(status) == 3);
    child = fork();
    if (child == 0)
        kill(getpid(), SIGKILL);
    MUST(child > 0 && waitpid(child, &status, 0) == child && waitpid(-1, NULL, 0) < 0);
}

int main(int argc, char **argv) {
    struct utsname names;
    struct rlimit limit;
    struct timespec moment = {0, 1000};
    if (argc != 2 || chdir(argv[1]) != 0)
        return 64;
    MUST(write(-1, "", 0) < 0);
    files();
    memory();
    sockets();
    messages();
    processes();
    MUST(uname(&names) == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0 && nanosleep(&moment, NULL) == 0);
    MUST(syscall(SYS_getpid) > 0 && syscall(999) < 0);
    return 5;
}
