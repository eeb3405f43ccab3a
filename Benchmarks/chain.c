#define _GNU_SOURCE
#include "chain.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "node.h"

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

void append(struct chain *chain, const char *plugin, const char *configuration, const char *network) {
  if (chain->steps == MAXIMUM_STEPS) stop("too many plugins");
  int step = chain->steps++;
  chain->plugins[step] = plugin;
  snprintf(chain->configurations[step], sizeof chain->configurations[step], configuration, network);
}

static struct sample call_step(struct chain *chain, int step, const char *command, const char *result,
                               struct outcome *outcome) {
  char executable[512], configuration[sizeof chain->configurations[step] + sizeof chain->result];
  snprintf(executable, sizeof executable, "%s/%s", chain->plugin_path, chain->plugins[step]);
  if (result) insert_result(configuration, sizeof configuration, chain->configurations[step], result);
  else strcpy(configuration, chain->configurations[step]);
  struct call call = {.executable = executable,
                      .command = command,
                      .container_id = chain->container_id,
                      .namespace_path = container_path(chain->container),
                      .interface = "eth0",
                      .plugin_path = chain->plugin_path,
                      .tools = chain->tools[step],
                      .configuration = configuration};
  run(&call, outcome);
  check_success(&call, outcome);
  return (struct sample){outcome->milliseconds, outcome->cpu_milliseconds, outcome->peak_kilobytes};
}

static void sum_up(struct sample *sum, struct sample sample) {
  sum->milliseconds += sample.milliseconds;
  sum->cpu_milliseconds += sample.cpu_milliseconds;
  if (sample.peak_kilobytes > sum->peak_kilobytes) sum->peak_kilobytes = sample.peak_kilobytes;
}

struct sample add_chain(struct chain *chain, struct sample *each) {
  struct sample sum = {0};
  struct outcome outcome;
  for (int step = 0; step < chain->steps; step++) {
    struct sample sample = call_step(chain, step, "ADD", step ? chain->result : NULL, &outcome);
    memcpy(chain->result, outcome.output, sizeof chain->result);
    sum_up(&sum, sample);
    if (each) each[step] = sample;
  }
  if (addresses_in(chain->container, "eth0") < 1) stop("%s has no address", chain->container_id);
  return sum;
}

struct sample check_chain(struct chain *chain, struct sample *each) {
  struct sample sum = {0};
  struct outcome outcome;
  for (int step = 0; step < chain->steps; step++) {
    struct sample sample = call_step(chain, step, "CHECK", chain->result, &outcome);
    sum_up(&sum, sample);
    if (each) each[step] = sample;
  }
  return sum;
}

struct sample delete_chain(struct chain *chain, struct sample *each) {
  struct sample sum = {0};
  struct outcome outcome;
  for (int step = chain->steps - 1; step >= 0; step--) {
    struct sample sample = call_step(chain, step, "DEL", chain->result, &outcome);
    sum_up(&sum, sample);
    if (each) each[step] = sample;
  }
  if (addresses_in(chain->container, "eth0") >= 0) stop("%s kept its link", chain->container_id);
  return sum;
}
