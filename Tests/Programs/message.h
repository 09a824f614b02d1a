// What the client and the server of the debugging tests say to each other.
#include <stdint.h>

struct message {
    uint32_t number;
    char text[28];
};
