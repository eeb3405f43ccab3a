// Times the plugins against the reference and against the floor (floor.c), on a private node.
//
//   measure REFERENCE-DIRECTORY OUR-DIRECTORY FLOOR [ROUNDS]        prints the tables, in Markdown
//
// The subjects take turns, round by round, and each round begins with another one: what else this machine does hits all
// of them alike. Every process must succeed, print what it should, and have changed what it should, or there is no
// result at all.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "node.h"
#include "process.h"
#include "report.h"

#define DEFAULT_ROUNDS 50
#define BURST 32
#define BURST_ROUNDS 3
// A subject that has used up its time in a kind of work leaves the remaining rounds to the others.
#define BUDGET_MILLISECONDS 3000
// But so many it must do, for a median to mean something.
#define FEWEST_ROUNDS 3
// When something hangs.
#define LIMIT_SECONDS 120

#define RANGE4 "[{\"subnet\":\"10.88.0.0/16\"}]"
#define RANGE6 "[{\"subnet\":\"fd88::/64\"}]"
#define ROUTE4 "{\"dst\":\"0.0.0.0/0\"}"
#define ROUTE6 "{\"dst\":\"::/0\"}"
#define HOST_LOCAL(ranges, routes) "\"ipam\":{\"type\":\"host-local\",\"ranges\":[" ranges "],\"routes\":[" routes "]}"
#define IPV4 HOST_LOCAL(RANGE4, ROUTE4)
#define DUAL_STACK HOST_LOCAL(RANGE4 "," RANGE6, ROUTE4 "," ROUTE6)

// %1$s is the network's name, which is the bridge's too.
#define CONFIGURATION(type, rest) "{\"cniVersion\":\"1.1.0\",\"name\":\"%1$s\",\"type\":\"" type "\"" rest "}"
#define BRIDGE(ipam) CONFIGURATION("bridge", ",\"bridge\":\"%1$s\",\"isGateway\":true," ipam)

struct work {
  const char *title;
  const char *plugin;
  const char *configuration;
  const char *link; // in the container, when it is this plugin's to configure
  int addresses;    // in the result, and on the link
  bool deletes_link;
  bool has_leases;
  bool has_floor;
};

static const struct work works[] = {
    {"bridge + host-local, IPv4", "bridge", BRIDGE(IPV4), "eth0", 1, true, true, true},
    {"bridge + host-local, dual stack", "bridge", BRIDGE(DUAL_STACK), "eth0", 2, true, true, true},
    {"ptp + host-local, dual stack", "ptp", CONFIGURATION("ptp", "," DUAL_STACK), "eth0", 2, true, true, false},
    {"loopback", "loopback", CONFIGURATION("loopback", ""), "lo", 2, false, false, false},
    {"host-local alone, IPv4", "host-local", CONFIGURATION("bridge", "," IPV4), NULL, 1, false, true, false},
};
#define WORKS (int)(sizeof works / sizeof works[0])
enum { BRIDGE_IPV4, BRIDGE_DUAL_STACK, PTP_DUAL_STACK };

// ADD and DEL of each work, then the bare start and the burst.
#define START_ROW (2 * WORKS)
#define BURST_ROW (2 * WORKS + 1)
#define ROWS (2 * WORKS + 2)
static struct row rows[ROWS];
#define ADD_ROW(work) (2 * (work))
#define DEL_ROW(work) (2 * (work) + 1)

static const char *subject_places[SUBJECTS]; // directories of plugins; of the floor the executable itself
static int rounds = DEFAULT_ROUNDS;

// One container's attachment by one subject.
struct attachment {
  const struct work *work;
  int subject, container;
  char network[32], container_id[32], executable[512], configuration[1024];
};

static struct attachment attachment_of(const struct work *work, const char *network, int subject, int container) {
  struct attachment attachment = {.work = work, .subject = subject, .container = container};
  snprintf(attachment.network, sizeof attachment.network, "%s%s", subject_names[subject], network);
  snprintf(attachment.container_id, sizeof attachment.container_id, "container-%d", container);
  snprintf(attachment.configuration, sizeof attachment.configuration, work->configuration, attachment.network);
  snprintf(attachment.executable, sizeof attachment.executable, subject == FLOOR ? "%s" : "%s/%s",
           subject_places[subject], work->plugin);
  return attachment;
}

static struct call call_of(const struct attachment *attachment, const char *command, const char *configuration) {
  return (struct call){.executable = attachment->executable,
                       .command = command,
                       .container_id = attachment->container_id,
                       .namespace_path = container_path(attachment->container),
                       .interface = attachment->work->link ? attachment->work->link : "eth0",
                       .plugin_path = subject_places[attachment->subject],
                       .configuration = configuration};
}

// Checks

static int occurrences(const char *text, const char *pattern) {
  int count = 0;
  while ((text = strstr(text, pattern))) count++, text++;
  return count;
}

static void check_added(const struct attachment *attachment, const struct call *call, const struct outcome *outcome) {
  const struct work *work = attachment->work;
  check_success(call, outcome);
  if (occurrences(outcome->output, "\"address\"") != work->addresses) reject(call, outcome, "printed other addresses");
  if (work->link && addresses_in(attachment->container, work->link) != work->addresses)
    reject(call, outcome, "did not give the container's link its addresses");
}

static void check_deleted(const struct attachment *attachment, const struct call *call, const struct outcome *outcome) {
  const struct work *work = attachment->work;
  check_success(call, outcome);
  if (outcome->output[0]) reject(call, outcome, "printed something");
  if (work->link && addresses_in(attachment->container, work->link) != (work->deletes_link ? -1 : 0))
    reject(call, outcome, "left the container's link");
}

// What was deleted has freed its leases: only those of `prepare` are left.
static void check_leases(const struct work *work, const char *network, int subject) {
  char path[128];
  int found = 0;
  snprintf(path, sizeof path, "/var/lib/cni/%s/%s%s", subject == FLOOR ? "floor" : "networks", subject_names[subject],
           network);
  DIR *directory = opendir(path);
  if (!directory) stop("%s", path);
  for (struct dirent *entry; (entry = readdir(directory));)
    found += !strncmp(entry->d_name, "10.88.", 6) || !strncmp(entry->d_name, "fd88:", 5);
  closedir(directory);
  errno = 0;
  if (found != work->addresses) stop("%s holds %d leases, not %d", path, found, work->addresses);
}

// Measurements

static void keep(struct row *row, int subject, const struct outcome *outcome) {
  keep_sample(&row->of[subject],
              (struct sample){outcome->milliseconds, outcome->cpu_milliseconds, outcome->peak_kilobytes});
}

static void add(const struct attachment *attachment, struct outcome *outcome) {
  struct call call = call_of(attachment, "ADD", attachment->configuration);
  run(&call, outcome);
  check_added(attachment, &call, outcome);
}

static void delete(const struct attachment *attachment, const char *result, struct outcome *outcome) {
  char configuration[sizeof attachment->configuration + sizeof outcome->output];
  insert_result(configuration, sizeof configuration, attachment->configuration, result);
  struct call call = call_of(attachment, "DEL", configuration);
  run(&call, outcome);
  check_deleted(attachment, &call, outcome);
}

// The first attachment makes what the others share (a bridge, directories), and stays: a node is rarely empty.
static void prepare(const struct work *work, const char *network, int subject, int container) {
  struct outcome outcome;
  struct attachment attachment = attachment_of(work, network, subject, container);
  enter_host(subject);
  add(&attachment, &outcome);
}

// Returns the time that was used.
static double measure_round(int work, const char *network, int subject, int container) {
  static struct outcome added, deleted;
  struct attachment attachment = attachment_of(&works[work], network, subject, container);
  enter_host(subject);
  add(&attachment, &added);
  delete(&attachment, added.output, &deleted);
  keep(&rows[ADD_ROW(work)], subject, &added);
  keep(&rows[DEL_ROW(work)], subject, &deleted);
  return added.milliseconds + deleted.milliseconds;
}

static bool takes_part(const struct work *work, int subject) { return subject != FLOOR || work->has_floor; }

static void measure_work(int index) {
  const struct work *work = &works[index];
  double used[SUBJECTS] = {0};
  char network[8];
  snprintf(network, sizeof network, "-%d", index);
  snprintf(rows[ADD_ROW(index)].title, sizeof rows[0].title, "ADD %s", work->title);
  snprintf(rows[DEL_ROW(index)].title, sizeof rows[0].title, "DEL %s", work->title);

  for (int subject = 0; subject < SUBJECTS; subject++)
    if (takes_part(work, subject)) prepare(work, network, subject, rounds + index * SUBJECTS + subject);
  for (int round = 0; round < rounds; round++)
    for (int turn = 0; turn < SUBJECTS; turn++) {
      int subject = (round + turn) % SUBJECTS;
      bool has_time = used[subject] < BUDGET_MILLISECONDS || round < FEWEST_ROUNDS;
      if (takes_part(work, subject) && has_time) used[subject] += measure_round(index, network, subject, round);
    }
  for (int subject = 0; subject < SUBJECTS; subject++)
    if (takes_part(work, subject) && work->has_leases) check_leases(work, network, subject);
}

static void measure_start(void) {
  static struct outcome outcome;
  snprintf(rows[START_ROW].title, sizeof rows[0].title, "VERSION, the bare start");
  for (int round = 0; round < rounds; round++)
    for (int turn = 0; turn < SUBJECTS; turn++) {
      int subject = (round + turn) % SUBJECTS;
      struct attachment attachment = attachment_of(&works[BRIDGE_IPV4], "", subject, 0);
      struct call call = call_of(&attachment, "VERSION", attachment.configuration);
      run(&call, &outcome);
      check_success(&call, &outcome);
      if (!strstr(outcome.output, "\"supportedVersions\"")) reject(&call, &outcome, "printed no versions");
      keep(&rows[START_ROW], subject, &outcome);
    }
}

static void measure_burst_of(int subject) {
  static struct attachment attachments[BURST];
  static struct outcome added[BURST], deleted[BURST];
  static char configurations[BURST][sizeof attachments->configuration + sizeof added->output];
  struct call calls[BURST];

  enter_host(subject);
  for (int i = 0; i < BURST; i++) {
    attachments[i] = attachment_of(&works[BRIDGE_IPV4], "-burst", subject, i);
    calls[i] = call_of(&attachments[i], "ADD", attachments[i].configuration);
  }
  run_together(calls, added, BURST);
  for (int i = 0; i < BURST; i++) {
    check_added(&attachments[i], &calls[i], &added[i]);
    keep(&rows[BURST_ROW], subject, &added[i]);
    insert_result(configurations[i], sizeof configurations[i], attachments[i].configuration, added[i].output);
    calls[i] = call_of(&attachments[i], "DEL", configurations[i]);
  }
  run_together(calls, deleted, BURST);
  for (int i = 0; i < BURST; i++) check_deleted(&attachments[i], &calls[i], &deleted[i]);
}

static void measure_burst(void) {
  snprintf(rows[BURST_ROW].title, sizeof rows[0].title, "%d ADDs at once, bridge, IPv4", BURST);
  for (int subject = 0; subject < SUBJECTS; subject++)
    prepare(&works[BRIDGE_IPV4], "-burst", subject, rounds + WORKS * SUBJECTS + subject);
  for (int round = 0; round < BURST_ROUNDS; round++)
    for (int turn = 0; turn < SUBJECTS; turn++) measure_burst_of((round + turn) % SUBJECTS);
  for (int subject = 0; subject < SUBJECTS; subject++) check_leases(&works[BRIDGE_IPV4], "-burst", subject);
}

// Goals

static void print_goal(const char *goal, double value, double limit, const char *unit) {
  printf("- %s: %.2f%s, %s\n", goal, value, unit, value <= limit ? "met" : "MISSED");
}

static void print_goals(void) {
  const struct samples *bridge = rows[ADD_ROW(BRIDGE_IPV4)].of;
  const struct samples *ptp = rows[ADD_ROW(PTP_DUAL_STACK)].of;
  printf("\nGoals, by the medians:\n\n");
  print_goal("ADD of bridge + host-local takes at most 1/4 of the reference's time",
             median(&bridge[OURS]) / median(&bridge[REFERENCE]), 0.25, "");
  print_goal("ADD of bridge + host-local takes at most twice the floor's time",
             median(&bridge[OURS]) / median(&bridge[FLOOR]), 2, "");
  print_goal("ADD of ptp + host-local, dual stack, takes at most 10 ms", median(&ptp[OURS]), 10, " ms");
}

int main(int count, char **arguments) {
  if (count != 4 && count != 5) {
    fprintf(stderr, "usage: %s REFERENCE-DIRECTORY OUR-DIRECTORY FLOOR [ROUNDS]\n", arguments[0]);
    return 2;
  }
  subject_places[REFERENCE] = absolute(arguments[1]);
  subject_places[OURS] = absolute(arguments[2]);
  subject_places[FLOOR] = absolute(arguments[3]);
  if (count == 5) rounds = atoi(arguments[4]);
  if (rounds < BURST || rounds > 400) {
    errno = 0;
    stop("between %d and 400 rounds, please", BURST);
  }

  alarm(LIMIT_SECONDS);
  enter_private_node();
  make_namespaces(SUBJECTS, rounds + (WORKS + 1) * SUBJECTS);
  for (int work = 0; work < WORKS; work++) measure_work(work);
  measure_start();
  measure_burst();
  print_report(stdout, rows, ROWS);
  print_goals();
  if (fflush(stdout)) stop("write the report");
  return 0;
}
