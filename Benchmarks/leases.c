// Times `host-local` in lease stores of different size, against the reference, on a private node.
//
//   leases REFERENCE-DIRECTORY OUR-DIRECTORY [ROUNDS]        prints the tables, in Markdown
//
// The question is whether a call costs the same however many leases there are. So the subjects take turns, and in each
// turn a subject does the same four calls in each store, in an order that changes from round to round: what else this
// machine does hits the empty store as much as the full ones. As in measure.c, no number comes from a failure.
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "directory.h"
#include "node.h"
#include "process.h"
#include "report.h"
#include "store.h"

#define DEFAULT_ROUNDS 200
// A subject that has spent so long in a store leaves the remaining rounds there to the others.
#define BUDGET_MILLISECONDS 3000
// But so many it must do, for a median to mean something.
#define FEWEST_ROUNDS 3
// When something hangs.
#define LIMIT_SECONDS 600
// What a call in a full store may cost, where one in the empty store of the family costs 1.
#define GROWTH_LIMIT 1.2

// The first of a family is the empty one, which the others are compared with.
static const struct fill fills[] = {
    {"empty", "10.0.0.0", 14, 1, {0}, 1, 2},
    {"10 000 leases", "10.0.0.0", 14, 10001, {0}, 10001, 10002},
    {"50 000 leases", "10.0.0.0", 14, 50001, {0}, 50001, 50002},
    // 10.64.9.33, 10.64.97.200 and 10.64.226.5 are free, and the search begins behind 10.64.128.0.
    {"three free", "10.64.0.0", 16, 0xfffe, {0x0921, 0x61c8, 0xe205}, 0x8000, 0xe205},
    {"IPv6, empty", "fd64::", 64, 1, {0}, 1, 2},
    {"IPv6, 50 000", "fd64::", 64, 50001, {0}, 50001, 50002},
};
#define FILLS (int)(sizeof fills / sizeof fills[0])
static const int empty_fills[FILLS] = {0, 0, 0, 0, 4, 4};

enum { ADD, CHECK, DEL_UNKNOWN, DEL, CALLS };
static const char *const call_titles[CALLS] = {"ADD", "CHECK", "DEL of something unknown", "DEL"};

static struct row rows[CALLS][FILLS];
static struct store stores[SUBJECTS][FILLS];
static char executables[SUBJECTS][512];
static const char *plugin_directories[SUBJECTS];
static const int subjects[] = {REFERENCE, OURS};
#define TURNS (int)(sizeof subjects / sizeof subjects[0])
static int rounds = DEFAULT_ROUNDS;

// Calls

static double perform(int kind, int subject, const char *container_id, const char *configuration,
                      struct outcome *outcome) {
  static const char *const commands[CALLS] = {"ADD", "CHECK", "DEL", "DEL"};
  struct call call = {.executable = executables[subject],
                      .command = commands[kind],
                      .container_id = container_id,
                      .namespace_path = container_path(0),
                      .interface = "eth0",
                      .plugin_path = plugin_directories[subject],
                      .configuration = configuration};
  run(&call, outcome);
  check_success(&call, outcome);
  if (kind != ADD && outcome->output[0]) reject(&call, outcome, "printed something");
  return outcome->milliseconds;
}

static void describe(const struct store *store, char *configuration, size_t size) {
  snprintf(configuration, size,
           "{\"cniVersion\":\"1.1.0\",\"name\":\"%s\",\"type\":\"bridge\",\"ipam\":{\"type\":\"host-local\","
           "\"dataDir\":\"%s\",\"ranges\":[[{\"subnet\":\"%s/%d\"}]]}}",
           store->network, store->data_directory, store->fill->network, store->fill->prefix_length);
}

// Ends the benchmark unless the address is in the result and in the store.
static void check_address(const struct store *store, const struct outcome *added) {
  char address[ADDRESS_SIZE], expected[ADDRESS_SIZE + 8];
  const struct fill *fill = store->fill;
  snprintf(expected, sizeof expected, "\"%s/%d\"", address_text(fill, fill->next, address), fill->prefix_length);
  errno = 0;
  if (!strstr(added->output, expected) || !has_lease(store, fill->next))
    stop("ADD in %s of %s did not give %s but %s", store->network, store->data_directory, expected, added->output);
}

static void check_released(const struct store *store) {
  errno = 0;
  if (has_lease(store, store->fill->next)) stop("DEL left its lease in %s", store->data_directory);
}

// One container comes, is checked, and goes; another one, that never came, goes too. Returns the time that was used.
static double visit(int subject, int fill, int round, struct outcome outcomes[CALLS]) {
  const struct store *store = &stores[subject][fill];
  char container_id[CONTAINER_ID_SIZE], unknown_id[CONTAINER_ID_SIZE], configuration[1024];
  char with_result[sizeof configuration + sizeof outcomes->output];
  double used = 0;
  // Beyond all numbers of the leases that are there.
  write_container_id(container_id, 1000000 + 2 * round);
  write_container_id(unknown_id, 1000001 + 2 * round);
  describe(store, configuration, sizeof configuration);
  rewind_store(store);

  used += perform(ADD, subject, container_id, configuration, &outcomes[ADD]);
  check_address(store, &outcomes[ADD]);
  insert_result(with_result, sizeof with_result, configuration, outcomes[ADD].output);
  used += perform(CHECK, subject, container_id, with_result, &outcomes[CHECK]);
  used += perform(DEL_UNKNOWN, subject, unknown_id, configuration, &outcomes[DEL_UNKNOWN]);
  check_address(store, &outcomes[ADD]);
  used += perform(DEL, subject, container_id, with_result, &outcomes[DEL]);
  check_released(store);
  return used;
}

// Measurements

static void prepare(const char *directory) {
  static struct outcome outcomes[CALLS];
  for (int turn = 0; turn < TURNS; turn++)
    for (int fill = 0; fill < FILLS; fill++) {
      struct store *store = &stores[subjects[turn]][fill];
      store->fill = &fills[fill];
      snprintf(store->data_directory, sizeof store->data_directory, "%s/%s", directory, subject_names[subjects[turn]]);
      snprintf(store->network, sizeof store->network, "store-%d", fill);
      fill_store(store);
      // Not measured: the files were made by somebody else, which may cost whoever keeps an index one look at them all.
      visit(subjects[turn], fill, rounds, outcomes);
    }
}

// Forwards and backwards from a start that moves on: no store always follows the same other one.
static int fill_at(int round, int step) { return (round + (round % 2 ? FILLS - step : step)) % FILLS; }

static void measure_round(int round, double used[SUBJECTS][FILLS]) {
  static struct outcome outcomes[CALLS];
  for (int turn = 0; turn < TURNS; turn++)
    for (int step = 0; step < FILLS; step++) {
      int subject = subjects[(round + turn) % TURNS], fill = fill_at(round, step);
      if (used[subject][fill] >= BUDGET_MILLISECONDS && round >= FEWEST_ROUNDS) continue;
      used[subject][fill] += visit(subject, fill, round, outcomes);
      for (int kind = 0; kind < CALLS; kind++)
        keep_sample(&rows[kind][fill].of[subject],
                    (struct sample){outcomes[kind].milliseconds, outcomes[kind].cpu_milliseconds,
                                    outcomes[kind].peak_kilobytes});
    }
}

// Report

static bool is_empty(int fill) { return empty_fills[fill] == fill; }

// A full store that costs much less than the empty one tells that something slowed the empty one down, and then nothing
// can be said about growth.
static const char *verdict(double least, double worst) {
  if (worst > GROWTH_LIMIT) return "MISSED";
  return least < 1 / GROWTH_LIMIT ? "DOUBTFUL" : "met";
}

// A call by one subject, the stores side by side: equal numbers are what is hoped for.
static void print_growth_of(int kind, int subject, double (*measure)(const struct samples *)) {
  double least = 1, worst = 1;
  printf("| %-24s | %-9s |", call_titles[kind], subject_names[subject]);
  for (int fill = 0; fill < FILLS; fill++) {
    double value = measure(&rows[kind][fill].of[subject]);
    double growth = value / measure(&rows[kind][empty_fills[fill]].of[subject]);
    if (growth > worst) worst = growth;
    if (growth < least) least = growth;
    if (is_empty(fill)) printf(" %11.2f |", value);
    else printf(" %7.2f (%6.2f) |", value, growth);
  }
  printf(" %6.2f, %-8s |\n", worst, verdict(least, worst));
}

static void print_growth(const char *what, double (*measure)(const struct samples *)) {
  printf("\n%s, and in brackets how many times the empty store's of the family:\n\n", what);
  printf("| work                     | subject   |");
  for (int fill = 0; fill < FILLS; fill++) printf(" %*s |", is_empty(fill) ? 11 : 16, fills[fill].title);
  printf(" at most %.1f      |\n|--------------------------|-----------|", GROWTH_LIMIT);
  for (int fill = 0; fill < FILLS; fill++) printf("%s|", is_empty(fill) ? "------------:" : "-----------------:");
  printf("------------------|\n");
  for (int kind = 0; kind < CALLS; kind++)
    for (int turn = 0; turn < TURNS; turn++) print_growth_of(kind, subjects[turn], measure);
}

static void print_counts(void) {
  printf("\nEach call was measured so often, store by store (none after %d s in a store, but %d at least):",
         BUDGET_MILLISECONDS / 1000, FEWEST_ROUNDS);
  for (int turn = 0; turn < TURNS; turn++) {
    printf("%s %s", turn ? ";" : "", subject_names[subjects[turn]]);
    for (int fill = 0; fill < FILLS; fill++) printf("%s %d", fill ? "," : "", rows[ADD][fill].of[subjects[turn]].count);
  }
  printf(".\n");
}

static void print_tables(const char *file_system) {
  printf("\nhost-local in stores with the leases of other containers, on %s%s.\n",
         has_own_file_system() ? "a new " : "this machine's ", file_system);
  print_growth("Median wall time in ms", median);
  print_growth("Median CPU time in ms", median_cpu);
  print_growth("Peak memory in MB", peak_megabytes);
  print_counts();
  for (int kind = 0; kind < CALLS; kind++)
    for (int fill = 0; fill < FILLS; fill++)
      snprintf(rows[kind][fill].title, sizeof rows[kind][fill].title, "%s, %s",
               kind == DEL_UNKNOWN ? "DEL, unknown" : call_titles[kind], fills[fill].title);
  print_details(stdout, rows[0], CALLS * FILLS, subject_names);
}

static void measure(const char *directory) {
  static double used[SUBJECTS][FILLS];
  alarm(LIMIT_SECONDS);
  enter_private_node();
  make_namespaces(1, 1);
  enter_host(0);
  directory = own_file_system(directory);
  prepare(directory);
  for (int round = 0; round < rounds; round++) measure_round(round, used);
  for (int turn = 0; turn < TURNS; turn++)
    for (int fill = 0; fill < FILLS; fill++) check_store(&stores[subjects[turn]][fill]);
  print_tables(file_system_of(directory));
  if (fflush(stdout)) stop("write the report");
}

int main(int count, char **arguments) {
  if (count != 3 && count != 4) {
    fprintf(stderr, "usage: %s REFERENCE-DIRECTORY OUR-DIRECTORY [ROUNDS]\n", arguments[0]);
    return 2;
  }
  if (count == 4) rounds = atoi(arguments[3]);
  errno = 0;
  if (rounds < FEWEST_ROUNDS) stop("at least %d rounds, please", FEWEST_ROUNDS);
  for (int turn = 0; turn < TURNS; turn++) {
    int subject = subjects[turn];
    plugin_directories[subject] = absolute(arguments[1 + turn]);
    snprintf(executables[subject], sizeof executables[subject], "%s/host-local", plugin_directories[subject]);
  }
  return with_temporary_directory(measure);
}
