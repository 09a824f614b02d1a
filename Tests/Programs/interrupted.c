// A client of prefork-server whose receives are interrupted by a timer: `interrupted PORT`. First the kernel restarts the calls
// (SA_RESTART), then they fail with EINTR and the program calls again. Prints how often either happened.
#include "connection.h"
#include "message.h"

#include <sys/time.h>

static volatile sig_atomic_t alarms;

static void count(int signal) {
    (void)signal;
    alarms++;
}

static int ask(int port, uint32_t number, int flags) {
    struct sigaction action = {.sa_handler = count, .sa_flags = flags};
    struct itimerval often = {{0, 4000}, {0, 4000}}, never = {{0, 0}, {0, 0}};
    struct message message = {.number = number};
    int connection = tcp_connection(port), failed = 0;
    snprintf(message.text, sizeof message.text, "question %u", number);
    send_all(connection, &message, sizeof message);
    alarms = 0;
    MUST(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &often, NULL) == 0);
    ssize_t received;
    while ((received = recv(connection, &message, sizeof message, 0)) < 0) {
        MUST(errno == EINTR);
        failed++;
    }
    MUST(setitimer(ITIMER_REAL, &never, NULL) == 0);
    MUST(received == sizeof message && message.number == number + 1000);
    close(connection);
    printf("%d alarms, %d failed\n", (int)alarms, failed);
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 2)
        return 64;
    ask(atoi(argv[1]), 1, SA_RESTART);
    ask(atoi(argv[1]), 2, 0);
    return 0;
}
