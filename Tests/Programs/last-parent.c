// Runs a command, and adopts whatever that leaves behind: prints a line for each process that is still there when the command has ended,
// kills it, and ends with the number of them.
//
//   last-parent MILLISECONDS SIGNAL TIMES COMMAND [ARGUMENT ...]
//
// sends SIGNAL to the command after MILLISECONDS, and again every half second, TIMES in all. The command's end is printed as well.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// The first child of this process, or 0.
static int first_child(void) {
    char path[64];
    int child = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    FILE *file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%d", &child) != 1) child = 0;
    if (file != NULL) fclose(file);
    return child;
}

static void print_command(int process) {
    char path[64], name[64] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", process);
    FILE *file = fopen(path, "r");
    if (file == NULL) return;
    size_t count = fread(name, 1, sizeof name - 1, file);
    name[count] = 0;
    fclose(file);
    printf("left %s\n", name);
}

int main(int argc, char *argv[]) {
    if (argc < 5) return 64;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t command = fork();
    if (command == 0) {
        // Tests that run in the background may have been started with these ignored.
        signal(SIGINT, SIG_DFL);
        signal(SIGHUP, SIG_DFL);
        execvp(argv[4], argv + 4);
        perror(argv[4]);
        _exit(127);
    }
    long due = milliseconds() + atol(argv[1]);
    int times = atoi(argv[3]), status = 0;
    while (waitpid(command, &status, WNOHANG) == 0) {
        if (times > 0 && milliseconds() >= due) {
            kill(command, atoi(argv[2]));
            times--;
            due += 500;
        }
        usleep(500);
    }
    printf("end %d\n", WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status));
    int left = 0;
    for (int child; (child = first_child()) != 0; left++) {
        print_command(child);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    return left;
}
