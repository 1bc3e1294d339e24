// A container's only program: answers HTTP/1.1 at a port over connections that are kept, whatever is asked, and ends with SIGTERM. argv: port.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char ANSWER[] = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n\r\nyes";

static void end(int signal) {
    (void)signal;
    _exit(0);
}

// Heads of requests without bodies, one after the other.
static void converse(int with) {
    char head[8192];
    size_t have = 0;
    for (;;) {
        ssize_t more = read(with, head + have, sizeof head - 1 - have);
        if (more <= 0) return;
        have += (size_t)more;
        head[have] = 0;
        if (strstr(head, "\r\n\r\n") == NULL) continue;
        have = 0;
        if (write(with, ANSWER, sizeof ANSWER - 1) != sizeof ANSWER - 1) return;
    }
}

int main(int argc, char **argv) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argc > 1 ? argv[1] : "80"))};
    int door = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    signal(SIGTERM, end);
    // Nobody asks how they ended.
    signal(SIGCHLD, SIG_IGN);
    if (bind(door, (struct sockaddr *)&at, sizeof at) || listen(door, 512)) return 1;
    for (;;) {
        int with = accept(door, NULL, NULL);
        if (with < 0) continue;
        setsockopt(with, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (fork() == 0) {
            converse(with);
            _exit(0);
        }
        close(with);
    }
}
