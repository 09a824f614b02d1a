// What Swift cannot do itself: variadic system calls, and code between fork and exec. This header includes nothing of
// libc, whose types would else belong to two modules.
#pragma once

// Counts the branches that the calling thread retires in user mode while it runs through a loop `branches` times. Returns what the
// CPU's counter says, or -errno if it cannot be opened.
long ridealong_count_branches(int branches);

// Opens an event of the calling thread: one that counts nothing, or its context switches. Returns a descriptor that is closed on
// exec, or -errno.
int ridealong_open_dummy_event(void);
int ridealong_open_context_switch_event(void);

// Makes a file in memory, closed on exec. Returns the descriptor, or -errno.
int ridealong_memory_file(void);

// What a child is started with, unless it shall inherit it. Strings need to live no longer than the call.
struct ridealong_surroundings {
    // Its stdin, stdout and stderr, or -1.
    int input, output, errors;
    // Its working directory, or NULL.
    const char *directory;
    // Whether it leads a session of its own, out of the reach of our terminal's keys.
    int new_session;
    // Its signal mask: a sigset_t.
    const void *mask;
    // What it is sent when the calling thread ends, or 0.
    int death_signal;
};

// Starts `path` as a child. Returns its id, or -errno.
int ridealong_spawn(
    const char *path, char *const arguments[], char *const environment[], const struct ridealong_surroundings *surroundings);

// Has freed memory used again instead of given back: traces are inflated by the megabyte, and the kernel would clear each one anew.
void ridealong_keep_freed_memory(void);

// Makes this process the parent of all descendants that lose their own.
void ridealong_adopt_orphans(void);

// The name of a signal without its SIG, or NULL for those that have none.
const char *ridealong_signal_name(int signal);

// The program that `ridealong selftest` records, in so many processes and rounds; `number` is 0 for the first process. Returns its exit
// code. It executes itself with this word and its three arguments.
#define RIDEALONG_SELFTEST_WORD "selftest-program"
int ridealong_selftest_program(const char *processes, const char *rounds, int number);
