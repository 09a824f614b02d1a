// What `ridealong selftest` records, as a program of its own: `captured PROCESSES ROUNDS`.
#include "../../Sources/CLinux/selftest-program.c"

int main(int count, char **words) {
    if (count > 1 && strcmp(words[1], RIDEALONG_SELFTEST_WORD) == 0) {
        words++;
        count--;
    }
    check(count >= 3, "captured PROCESSES ROUNDS");
    return ridealong_selftest_program(words[1], words[2], count > 3 ? atoi(words[3]) : 0);
}
