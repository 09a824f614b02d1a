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

// Starts `path` as a child that is sent `death_signal` (if not 0) when the calling thread ends, with `output` as its stdout and
// `errors` as its stderr (unless -1) and with the signal mask `mask` (a sigset_t). Returns the child's id, or -errno.
int ridealong_spawn(
    const char *path, char *const arguments[], char *const environment[], int output, int errors, const void *mask, int death_signal);
