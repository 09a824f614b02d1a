// Talks to itself through a socket pair by 32-bit system calls, without a C library. Compiled for 32 bits it is a 32-bit program;
// compiled for 64 bits it makes 32-bit calls in a 64-bit task.
//   gcc -m32 (or -m64) -O1 -nostdlib -static -fno-pie -no-pie -fno-stack-protector -o int80 int80.c

static int pair[2];
static char buffer[16];
static unsigned arguments[4];

static int call(int number, unsigned first, unsigned second, unsigned third) {
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(second), "d"(third) : "memory");
    return result;
}

static unsigned address(const void *place) { return (unsigned)(unsigned long)place; }

void _start(void) {
    arguments[0] = 1;  // AF_UNIX
    arguments[1] = 1;  // SOCK_STREAM
    arguments[2] = 0;
    arguments[3] = address(pair);
    int failed = call(102, 8, address(arguments), 0) != 0;  // socketcall: socketpair
    failed |= call(4, pair[0], address("ping"), 4) != 4;    // write
    failed |= call(3, pair[1], address(buffer), 16) != 4;   // read
    failed |= call(6, 77, 0, 0) != -9;                      // close
    call(1, failed, 0, 0);                                  // exit
    for (;;) {}
}
