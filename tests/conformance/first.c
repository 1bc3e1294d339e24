// A container's first process: it sends and connects before it does anything else. argv: address, port.
// Ends with 1 if a connection was made, with 2 if it could not try.
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
    struct sockaddr_in to = {.sin_family = AF_INET};
    if (argc != 3 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) return 2;
    to.sin_port = htons((unsigned short)atoi(argv[2]));
    int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (udp < 0 || tcp < 0) return 2;
    sendto(udp, "first", 5, 0, (struct sockaddr *)&to, sizeof to);
    connect(tcp, (struct sockaddr *)&to, sizeof to);
    struct pollfd made = {.fd = tcp, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof error;
    // A neighbour answers within microseconds.
    if (poll(&made, 1, 30) != 1) return 0;
    return getsockopt(tcp, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}
