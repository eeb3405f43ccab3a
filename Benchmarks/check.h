// What both programs ask of a call before its time counts.
#pragma once
#include <stddef.h>

#include "process.h"

// Ends the benchmark with all that is known about a call that did not do what it should.
_Noreturn void reject(const struct call *call, const struct outcome *outcome, const char *reason);

void check_success(const struct call *call, const struct outcome *outcome);

// As a runtime does: DEL and CHECK get the configuration with the result of ADD in it.
void insert_result(char *text, size_t size, const char *configuration, const char *result);

// The path from the root, of something that is there.
const char *absolute(const char *path);
