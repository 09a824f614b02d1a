// The list of preloaded libraries, for the libraries in it.
#pragma once

#include <stdlib.h>
#include <string.h>

// Takes the library called `name` off LD_PRELOAD and leaves what the user put there for the program: gdb and tracees shall not see it.
static void leave_preload_list(const char *name) {
    const char *list = getenv("LD_PRELOAD");
    if (!list) return;
    char *words = strdup(list), *kept = calloc(1, strlen(list) + 1), *position = NULL;
    if (!words || !kept) abort();
    for (char *word = strtok_r(words, ": ", &position); word; word = strtok_r(NULL, ": ", &position)) {
        const char *slash = strrchr(word, '/');
        if (strcmp(slash ? slash + 1 : word, name) == 0) continue;
        if (*kept) strcat(kept, ":");
        strcat(kept, word);
    }
    *kept ? setenv("LD_PRELOAD", kept, 1) : unsetenv("LD_PRELOAD");
    free(words);
    free(kept);
}
