#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

_Noreturn void reject(const struct call *call, const struct outcome *outcome, const char *reason) {
  errno = 0;
  stop("%s of %s %s\nstatus %#x\nconfiguration: %s\noutput: %s\nerrors: %s", call->command, call->executable, reason,
       outcome->status, call->configuration, outcome->output, outcome->errors);
}

void check_success(const struct call *call, const struct outcome *outcome) {
  if (!WIFEXITED(outcome->status) || WEXITSTATUS(outcome->status)) reject(call, outcome, "failed");
}

void insert_result(char *text, size_t size, const char *configuration, const char *result) {
  int end = strlen(configuration) - 1;
  snprintf(text, size, "%.*s,\"prevResult\":%s}", end, configuration, result);
}

const char *absolute(const char *path) {
  char *absolute = realpath(path, NULL);
  if (!absolute) stop("%s", path);
  return absolute;
}
