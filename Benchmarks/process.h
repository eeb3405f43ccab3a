// Running one plugin process and taking its measure.
#pragma once
#include <stddef.h>
#include <sys/types.h>

// What a runtime hands to a plugin.
struct call {
  const char *executable;
  const char *command;
  const char *container_id;
  const char *namespace_path;
  const char *interface;
  const char *plugin_path; // CNI_PATH
  const char *tools;       // PATH; NULL for the usual one
  const char *configuration;
};

struct outcome {
  double milliseconds;     // from before the process was made until it was reaped
  double cpu_milliseconds; // of the process and its children
  double peak_kilobytes;   // of the largest of them
  int status;              // as wait4 gives it
  char output[4096];
  char errors[4096];
};

void run(const struct call *call, struct outcome *outcome);

// Starts all calls at the same moment; each outcome's time runs from that moment until its process was reaped.
void run_together(const struct call *calls, struct outcome *outcomes, int count);

// Prints the message and errno's text, and ends the benchmark: a number from a run that failed is worth nothing.
_Noreturn void stop(const char *format, ...) __attribute__((format(printf, 1, 2)));
