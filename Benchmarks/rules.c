// Times networks with packet rules, against the reference with each of its two tools, on a private node.
//
//   rules REFERENCE-DIRECTORY OUR-DIRECTORY MULTIPLY-ATTACHMENT [ROUNDS]        prints the tables, in Markdown
//
// As in measure.c, the subjects take turns and no number comes from a failure.
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chain.h"
#include "check.h"
#include "crowd.h"
#include "node.h"
#include "process.h"
#include "report.h"

#define DEFAULT_ROUNDS 50
#define BURST 32
#define BURST_ROUNDS 3
#define BUDGET_MILLISECONDS 5000
#define FEWEST_ROUNDS 5
#define LIMIT_SECONDS 300

// The places of the report's subjects: the reference is there twice, and there is no floor.
enum { IPTABLES, NFTABLES, OURSELVES };
static const char *const names[SUBJECTS] = {"iptables", "nftables", "ours"};
// What each adds to the configurations; our plugins need not be told.
static const char *const masquerade_backends[SUBJECTS] = {
    ",\"ipMasqBackend\":\"iptables\"", ",\"ipMasqBackend\":\"nftables\"", ""};
static const char *const port_backends[SUBJECTS] = {",\"backend\":\"iptables\"", ",\"backend\":\"nftables\"", ""};
static const char *plugin_paths[SUBJECTS];
// A directory with `nft` and no more. Where the reference finds `iptables`, its DEL of masquerade fails at chains that
// were made with `nft`.
#define ONLY_NFT "/run/only-nft"
static int rounds = DEFAULT_ROUNDS;

enum { BRIDGE, MASQUERADED, CHAIN, WORKS };
static const char *const titles[WORKS] = {"bridge", "bridge with ipMasq", "chain of five"};
enum { ADD, DEL, BOTH, VERBS };
static const char *const verb_titles[VERBS] = {"ADD", "DEL", "ADD and DEL"};

#define BURST_ROW (WORKS * VERBS)
#define ROWS (BURST_ROW + 1)
static struct row rows[ROWS];

// Chains

static void append_bridge(struct chain *chain, const char *network, int subject, bool masquerades, bool dual_stack) {
  char text[1024];
  snprintf(text, sizeof text,
           "{\"cniVersion\":\"1.1.0\",\"name\":\"%%1$s\",\"type\":\"bridge\",\"bridge\":\"%%1$s\",\"isGateway\":true,"
           "\"ipMasq\":%s%s,\"ipam\":{\"type\":\"host-local\",\"ranges\":[[{\"subnet\":\"10.88.0.0/16\"}]%s]}}",
           masquerades ? "true" : "false", masquerades ? masquerade_backends[subject] : "",
           dual_stack ? ",[{\"subnet\":\"fd88::/64\"}]" : "");
  append(chain, "bridge", text, network);
}

static void append_portmap(struct chain *chain, const char *network, int subject, int port) {
  char text[1024];
  snprintf(text, sizeof text,
           "{\"cniVersion\":\"1.1.0\",\"name\":\"%%1$s\",\"type\":\"portmap\"%s,\"runtimeConfig\":{\"portMappings\":["
           "{\"hostPort\":%d,\"containerPort\":80,\"protocol\":\"tcp\"},"
           "{\"hostPort\":%d,\"containerPort\":53,\"protocol\":\"udp\"}]}}",
           port_backends[subject], port, port);
  append(chain, "portmap", text, network);
}

static struct chain chain_of(int work, const char *suffix, int subject, int container) {
  struct chain chain = {.plugin_path = plugin_paths[subject], .container = container};
  char network[32];
  snprintf(network, sizeof network, "%s-%s", names[subject], suffix);
  snprintf(chain.container_id, sizeof chain.container_id, "container-%d", container);
  if (subject == NFTABLES) chain.tools[0] = chain.tools[1] = ONLY_NFT; // its firewall knows only iptables
  append_bridge(&chain, network, subject, work != BRIDGE, work == CHAIN);
  if (work != CHAIN) return chain;
  append_portmap(&chain, network, subject, 20000 + container);
  append(&chain, "firewall", "{\"cniVersion\":\"1.1.0\",\"name\":\"%1$s\",\"type\":\"firewall\"}", network);
  append(&chain, "bandwidth",
         "{\"cniVersion\":\"1.1.0\",\"name\":\"%1$s\",\"type\":\"bandwidth\",\"runtimeConfig\":{\"bandwidth\":{"
         "\"ingressRate\":80000000,\"ingressBurst\":8000000,\"egressRate\":80000000,\"egressBurst\":8000000}}}",
         network);
  append(&chain, "tuning",
         "{\"cniVersion\":\"1.1.0\",\"name\":\"%1$s\",\"type\":\"tuning\",\"mtu\":1400,"
         "\"sysctl\":{\"net.core.somaxconn\":\"500\"}}",
         network);
  return chain;
}

// Measurements

static double measure_round(int work, const char *suffix, int subject, int container) {
  struct chain chain = chain_of(work, suffix, subject, container);
  enter_host(subject);
  struct sample added = add_chain(&chain, NULL), deleted = delete_chain(&chain, NULL);
  struct sample both = {added.milliseconds + deleted.milliseconds, added.cpu_milliseconds + deleted.cpu_milliseconds,
                        added.peak_kilobytes > deleted.peak_kilobytes ? added.peak_kilobytes : deleted.peak_kilobytes};
  keep_sample(&rows[work * VERBS + ADD].of[subject], added);
  keep_sample(&rows[work * VERBS + DEL].of[subject], deleted);
  keep_sample(&rows[work * VERBS + BOTH].of[subject], both);
  return both.milliseconds;
}

// The first attachment makes what the others share, and stays.
static void prepare(int work, const char *suffix, int subject, int container) {
  struct chain chain = chain_of(work, suffix, subject, container);
  enter_host(subject);
  add_chain(&chain, NULL);
}

static void measure_work(int work) {
  double used[SUBJECTS] = {0};
  char suffix[8];
  snprintf(suffix, sizeof suffix, "%d", work);
  for (int verb = 0; verb < VERBS; verb++)
    snprintf(rows[work * VERBS + verb].title, sizeof rows[0].title, "%s, %s", verb_titles[verb], titles[work]);
  for (int subject = 0; subject < SUBJECTS; subject++)
    prepare(work, suffix, subject, rounds + work * SUBJECTS + subject);
  for (int round = 0; round < rounds; round++)
    for (int turn = 0; turn < SUBJECTS; turn++) {
      int subject = (round + turn) % SUBJECTS;
      if (used[subject] < BUDGET_MILLISECONDS || round < FEWEST_ROUNDS)
        used[subject] += measure_round(work, suffix, subject, round);
    }
}

// In a process of its own: the calls of one container, as soon as the gate is open.
static _Noreturn void add_behind(int gate, struct chain *chain, struct sample *sample) {
  char nothing;
  struct timespec opened, done;
  if (read(gate, &nothing, 1) != 0) _exit(1);
  clock_gettime(CLOCK_MONOTONIC, &opened);
  *sample = add_chain(chain, NULL);
  clock_gettime(CLOCK_MONOTONIC, &done);
  sample->milliseconds = (done.tv_sec - opened.tv_sec) * 1e3 + (done.tv_nsec - opened.tv_nsec) / 1e6;
  _exit(0);
}

// Bridge with masquerade, and then portmap, of many containers at once.
static void measure_burst_of(int subject) {
  static struct chain chains[BURST];
  size_t size = BURST * sizeof(struct sample);
  struct sample *samples = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int gate[2];
  if (samples == MAP_FAILED || pipe(gate)) stop("memory and a pipe");
  enter_host(subject);
  for (int i = 0; i < BURST; i++) {
    chains[i] = chain_of(CHAIN, "burst", subject, i);
    chains[i].steps = 2;
    pid_t process = fork();
    if (process < 0) stop("fork");
    if (process == 0) {
      close(gate[1]);
      add_behind(gate[0], &chains[i], &samples[i]);
    }
  }
  close(gate[1]);
  for (int i = 0; i < BURST; i++) {
    int status;
    if (wait(&status) < 0 || status) stop("a container of the burst failed");
  }
  close(gate[0]);
  for (int i = 0; i < BURST; i++) {
    keep_sample(&rows[BURST_ROW].of[subject], samples[i]);
    // Its result was in the process that has ended.
    strcpy(chains[i].result, "{\"cniVersion\":\"1.1.0\"}");
    delete_chain(&chains[i], NULL);
  }
  munmap(samples, size);
}

static void measure_burst(void) {
  snprintf(rows[BURST_ROW].title, sizeof rows[0].title, "%d at once, masquerade + portmap", BURST);
  for (int subject = 0; subject < SUBJECTS; subject++)
    prepare(CHAIN, "burst", subject, rounds + WORKS * SUBJECTS + subject);
  for (int round = 0; round < BURST_ROUNDS; round++)
    for (int turn = 0; turn < SUBJECTS; turn++) measure_burst_of((round + turn) % SUBJECTS);
}

// Report

static void print_proportions(double (*measure)(const struct samples *), const char *title) {
  printf("\n%s, and ours in proportion to each of the reference's:\n\n", title);
  printf("| %-35s | iptables | nftables | ours    | ours/iptables | ours/nftables |\n", "work");
  printf("|-------------------------------------|---------:|---------:|--------:|--------------:|--------------:|\n");
  for (int i = 0; i < ROWS; i++) {
    double of[SUBJECTS];
    for (int subject = 0; subject < SUBJECTS; subject++) of[subject] = measure(&rows[i].of[subject]);
    printf("| %-35s | %8.2f | %8.2f | %7.2f | %6s%-7.1f | %6s%-7.1f |\n", rows[i].title, of[IPTABLES], of[NFTABLES],
           of[OURSELVES], "1/", of[IPTABLES] / of[OURSELVES], "1/", of[NFTABLES] / of[OURSELVES]);
  }
}

static void print_goal(const char *goal, double value, double limit) {
  printf("- %s: %.2f, %s\n", goal, value, value <= limit ? "met" : "MISSED");
}

static void print_goals(double plugins) {
  const struct samples *plain = rows[BRIDGE * VERBS + ADD].of;
  const struct samples *masqueraded = rows[MASQUERADED * VERBS + ADD].of, *chain = rows[CHAIN * VERBS + BOTH].of;
  const struct samples *burst = rows[BURST_ROW].of;
  printf("\nGoals:\n\n");
  print_goal("ADD of bridge with ipMasq takes at most 1/10 of the reference's time with iptables",
             median(&masqueraded[OURSELVES]) / median(&masqueraded[IPTABLES]), 0.1);
  print_goal("ADD and DEL of the chain take at most 1/10 of the reference's CPU time with iptables",
             median_cpu(&chain[OURSELVES]) / median_cpu(&chain[IPTABLES]), 0.1);
  print_goal("of its CPU time with nftables", median_cpu(&chain[OURSELVES]) / median_cpu(&chain[NFTABLES]), 0.1);
  print_goal("32 at once take at most 1/20 of the reference's time with iptables",
             median(&burst[OURSELVES]) / median(&burst[IPTABLES]), 0.05);
  // Masquerade is what the bridge with it costs more than the one without.
  print_goal("the rules of one attachment (masquerade, portmap, firewall) take at most 2 ms of CPU time",
             median_cpu(&masqueraded[OURSELVES]) - median_cpu(&plain[OURSELVES]) + plugins, 2);
}

int main(int count, char **arguments) {
  if (count != 4 && count != 5) {
    fprintf(stderr, "usage: %s REFERENCE-DIRECTORY OUR-DIRECTORY MULTIPLY-ATTACHMENT [ROUNDS]\n", arguments[0]);
    return 2;
  }
  plugin_paths[IPTABLES] = plugin_paths[NFTABLES] = absolute(arguments[1]);
  plugin_paths[OURSELVES] = absolute(arguments[2]);
  const char *multiply = absolute(arguments[3]);
  if (count == 5) rounds = atoi(arguments[4]);
  if (rounds < BURST || rounds > 400) {
    errno = 0;
    stop("between %d and 400 rounds, please", BURST);
  }

  alarm(LIMIT_SECONDS);
  enter_private_node();
  if (mkdir(ONLY_NFT, 0755) || symlink("/usr/sbin/nft", ONLY_NFT "/nft")) stop("%s", ONLY_NFT);
  int first_of_crowd = rounds + (WORKS + 1) * SUBJECTS;
  make_namespaces(SUBJECTS + CROWD_HOSTS, first_of_crowd + CROWD_CONTAINERS);
  for (int work = 0; work < WORKS; work++) measure_work(work);
  measure_burst();
  printf("\nNetworks with packet rules: the reference with `iptables`, with `nftables`, and ours.\n");
  print_proportions(median, "Median wall time in ms");
  print_proportions(median_cpu, "Median CPU time in ms, with all children");
  print_details(stdout, rows, ROWS, names);
  fflush(stdout);
  print_goals(measure_crowd(plugin_paths[OURSELVES], multiply, SUBJECTS, first_of_crowd, rounds));
  if (fflush(stdout)) stop("write the report");
  return 0;
}
