// A small program with a loop, calls, system calls and a variable that changes at known times: what a debugger walks through.
#include <stdio.h>
#include <unistd.h>

static int total;

static int square(int number) {
    int result = number * number;
    return result;
}

static void add(int number) {
    total += square(number);
    char line[64];
    int length = snprintf(line, sizeof line, "%d: %d\n", number, total);
    if (write(STDOUT_FILENO, line, length) != length) _exit(1);
}

static void finish(void) {
    char line[64];
    int length = snprintf(line, sizeof line, "total %d\n", total);
    if (write(STDOUT_FILENO, line, length) != length) _exit(1);
}

int main(void) {
    for (int number = 1; number <= 5; number++) add(number);
    finish();
    return 7;
}
