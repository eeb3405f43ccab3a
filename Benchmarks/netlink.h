// As much of netlink as the floor needs: requests that are put one after the other into a buffer and sent together.
#pragma once
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Prints the message and errno's text, and ends the program.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct batch {
  _Alignas(NLMSG_ALIGNTO) char bytes[4096];
  size_t length;
  struct nlmsghdr *message;
  int count;
};

// Begins a request with the header of its type. Attributes and nests that follow belong to it.
void request(struct batch *batch, int type, int flags, const void *header, size_t size);

// Bytes of a request that are no attribute. Returns where they are.
void *append(struct batch *batch, const void *data, size_t size);

void attribute(struct batch *batch, int type, const void *data, size_t size);
void attribute_text(struct batch *batch, int type, const char *text);
void attribute_number(struct batch *batch, int type, uint32_t number);
struct rtattr *open_nest(struct batch *batch, int type);
void close_nest(struct batch *batch, struct rtattr *nest);

// A socket in the current network namespace.
int open_socket(void);

void send_batch(int socket, const struct batch *batch);
ssize_t receive(int socket, void *buffer, size_t size);

// The errno in an acknowledgement; 0 is success.
int acknowledged(const struct nlmsghdr *message);

// Sends requests that ask for acknowledgements, and fails with the first one that the kernel refused.
void perform(int socket, const struct batch *batch, const char *what);
