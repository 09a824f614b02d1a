// Says something, computes for some seconds without any call, and says something again.
#include <stdlib.h>
#include <unistd.h>

int main(void) {
    if (write(1, "before\n", 7) != 7) return 1;
    for (volatile long step = 0; step < 1500000000; step++) {}
    return write(1, "after\n", 6) != 6;
}
