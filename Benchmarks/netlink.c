#define _GNU_SOURCE
#include "netlink.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void fail(const char *format, ...) {
  int error = errno;
  va_list arguments;
  va_start(arguments, format);
  fputs("floor: ", stderr);
  vfprintf(stderr, format, arguments);
  fprintf(stderr, ": %s\n", strerror(error));
  exit(1);
}

void *append(struct batch *batch, const void *data, size_t size) {
  size_t room = NLMSG_ALIGN(size);
  if (batch->length + room > sizeof batch->bytes) {
    errno = ENOBUFS;
    fail("batch");
  }
  char *place = batch->bytes + batch->length;
  memset(place, 0, room);
  memcpy(place, data, size);
  batch->length += room;
  if (batch->message) batch->message->nlmsg_len = batch->bytes + batch->length - (char *)batch->message;
  return place;
}

void request(struct batch *batch, int type, int flags, const void *header, size_t size) {
  struct nlmsghdr message = {.nlmsg_len = sizeof message,
                             .nlmsg_type = type,
                             .nlmsg_flags = NLM_F_REQUEST | flags,
                             .nlmsg_seq = ++batch->count};
  batch->message = NULL;
  batch->message = append(batch, &message, sizeof message);
  append(batch, header, size);
}

void attribute(struct batch *batch, int type, const void *data, size_t size) {
  struct rtattr header = {.rta_len = RTA_LENGTH(size), .rta_type = type};
  append(batch, &header, sizeof header);
  append(batch, data, size);
}

void attribute_text(struct batch *batch, int type, const char *text) {
  attribute(batch, type, text, strlen(text) + 1);
}

void attribute_number(struct batch *batch, int type, uint32_t number) {
  attribute(batch, type, &number, sizeof number);
}

struct rtattr *open_nest(struct batch *batch, int type) {
  struct rtattr header = {.rta_len = sizeof header, .rta_type = type};
  return append(batch, &header, sizeof header);
}

void close_nest(struct batch *batch, struct rtattr *nest) {
  nest->rta_len = batch->bytes + batch->length - (char *)nest;
}

int open_socket(void) {
  int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  int on = 1;
  // Without strict checking the kernel ignores for which link the addresses are asked.
  if (descriptor < 0 || setsockopt(descriptor, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on))
    fail("netlink socket");
  return descriptor;
}

void send_batch(int socket, const struct batch *batch) {
  if (send(socket, batch->bytes, batch->length, 0) != (ssize_t)batch->length) fail("send to netlink");
}

ssize_t receive(int socket, void *buffer, size_t size) {
  ssize_t length = recv(socket, buffer, size, 0);
  if (length < (ssize_t)NLMSG_HDRLEN) fail("receive from netlink");
  return length;
}

int acknowledged(const struct nlmsghdr *message) {
  return -((const struct nlmsgerr *)NLMSG_DATA(message))->error;
}

void perform(int socket, const struct batch *batch, const char *what) {
  send_batch(socket, batch);
  for (int left = batch->count; left > 0;) {
    _Alignas(NLMSG_ALIGNTO) char buffer[8192];
    int length = receive(socket, buffer, sizeof buffer);
    for (struct nlmsghdr *answer = (void *)buffer; NLMSG_OK(answer, length); answer = NLMSG_NEXT(answer, length)) {
      if ((errno = acknowledged(answer))) fail("%s (request %u)", what, answer->nlmsg_seq);
      left--;
    }
  }
}
