// Sends numbered datagrams of one length to several places from one socket, in all the ways that there are to say where to:
// `destinations ROUNDS PLACE...`, a PLACE being a UDP port of this host or the path of a Unix socket. Prints "Q to PLACE" for every one.
#define _GNU_SOURCE
#include "datagram.h"

#include <sys/uio.h>

enum { PLACES = 8 };

static struct sockaddr_storage places[PLACES];
static socklen_t lengths[PLACES];
static char **names;
static uint32_t number;

static void resolve(int place) {
    if (names[place][0] == '/') {
        struct sockaddr_un *address = (struct sockaddr_un *)&places[place];
        address->sun_family = AF_UNIX;
        strncpy(address->sun_path, names[place], sizeof address->sun_path - 1);
        lengths[place] = sizeof *address;
    } else {
        *(struct sockaddr_in *)&places[place] = on_loopback(atoi(names[place]));
        lengths[place] = sizeof(struct sockaddr_in);
    }
}

static uint32_t next_to(int place) {
    dprintf(STDOUT_FILENO, "%u to %s\n", ++number, names[place]);
    return number;
}

static struct msghdr message_to(int place, uint32_t *word, struct iovec *part) {
    *word = next_to(place);
    *part = (struct iovec){word, sizeof *word};
    return (struct msghdr){.msg_name = &places[place], .msg_namelen = lengths[place], .msg_iov = part, .msg_iovlen = 1};
}

int main(int argc, char **argv) {
    int count = argc - 2;
    if (count < 1 || count > PLACES)
        return 64;
    alarm(120);
    names = argv + 2;
    for (int place = 0; place < count; place++)
        resolve(place);
    int giver = socket(places[0].ss_family, SOCK_DGRAM, 0);
    MUST(giver >= 0);
    for (int round = 0; round < atoi(argv[1]); round++) {
        uint32_t words[PLACES];
        struct iovec parts[PLACES];
        struct mmsghdr several[PLACES];
        for (int place = 0; place < count; place++) {
            uint32_t word = next_to(place);
            MUST(sendto(giver, &word, sizeof word, 0, (struct sockaddr *)&places[place], lengths[place]) == sizeof word);
        }
        for (int place = count - 1; place >= 0; place--) {
            struct msghdr message = message_to(place, &words[0], &parts[0]);
            MUST(sendmsg(giver, &message, 0) == sizeof words[0]);
        }
        for (int place = 0; place < count; place++)
            several[place] = (struct mmsghdr){.msg_hdr = message_to(place, &words[place], &parts[place])};
        MUST(sendmmsg(giver, several, (unsigned)count, 0) == count);
        for (int place = 0; place < count; place++) {
            uint32_t word = next_to(place);
            MUST(connect(giver, (struct sockaddr *)&places[place], lengths[place]) == 0);
            MUST(write(giver, &word, sizeof word) == sizeof word);
        }
        struct sockaddr nobody = {.sa_family = AF_UNSPEC};
        MUST(connect(giver, &nobody, sizeof nobody) == 0);
    }
    return 0;
}
