// Times ADD and DEL, each a process as a runtime starts it: the reference, ours, and the floor, in turn, in one run.
//
//   bench REFERENCE-DIRECTORY OUR-DIRECTORY FLOOR [ROUNDS]
//
// Runs in network and mount namespaces of its own, which the kernel removes with it. Prints tables in Markdown.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { most_rounds = 1000 };

struct subject {
  const char *name;       // as the table calls it
  const char *network;    // its own, so that nobody meets the others' addresses
  const char *directory;  // CNI_PATH
  const char *program;    // path with a %s for the plugin; NULL for the floor, whose path is the directory
};

struct scenario {
  const char *title, *plugin;
  const char *configuration; // format: network, bridge number, address number
  int reference_rounds;      // how often the reference is asked at most
};

struct sample {
  double wall, cpu; // milliseconds
  long memory;      // KiB
};

static void die(const char *what) {
  fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
  exit(1);
}

static double milliseconds(struct timeval time) { return time.tv_sec * 1e3 + time.tv_usec / 1e3; }

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

// MARK: One call

static struct sample call(
    const struct subject *subject, const struct scenario *scenario, const char *command, int number, const char *configuration) {
  char path[512], environment_text[6][512], number_text[16];
  char *environment[7] = {0};
  snprintf(environment_text[0], 512, "CNI_COMMAND=%s", command);
  snprintf(environment_text[1], 512, "CNI_CONTAINERID=container%d", number);
  snprintf(environment_text[2], 512, "CNI_NETNS=/run/netns/%s%d", subject->network, number);
  snprintf(environment_text[3], 512, "CNI_IFNAME=eth0");
  snprintf(environment_text[4], 512, "CNI_PATH=%s", subject->directory);
  snprintf(environment_text[5], 512, "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
  for (int i = 0; i < 6; i++) environment[i] = environment_text[i];
  snprintf(number_text, sizeof number_text, "%d", number + 2);
  snprintf(path, sizeof path, subject->program ? "%s/%s" : "%s", subject->directory, scenario->plugin);
  char *arguments[] = {path, NULL, NULL, NULL};
  if (!subject->program) arguments[1] = (char *)scenario->plugin, arguments[2] = number_text;

  int input = memfd_create("stdin", MFD_CLOEXEC), output = memfd_create("stdout", MFD_CLOEXEC);
  if (write(input, configuration, strlen(configuration)) < 0 || lseek(input, 0, SEEK_SET) != 0) die("stdin");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);

  pid_t process;
  int status;
  struct rusage usage;
  double start = now();
  errno = posix_spawn(&process, path, &actions, NULL, arguments, environment);
  if (errno != 0) die(path);
  if (wait4(process, &status, 0, &usage) != process) die("wait4");
  double wall = now() - start;

  if (status != 0) {
    char text[4096];
    ssize_t length = pread(output, text, sizeof text - 1, 0);
    text[length < 0 ? 0 : length] = 0;
    fprintf(stderr, "bench: %s %s of %s failed (%d): %s\n", scenario->plugin, command, subject->name, status, text);
    exit(1);
  }
  posix_spawn_file_actions_destroy(&actions);
  close(input);
  close(output);
  return (struct sample){wall, milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime), usage.ru_maxrss};
}

// MARK: Figures

static int by_wall(const void *a, const void *b) {
  double difference = ((const struct sample *)a)->wall - ((const struct sample *)b)->wall;
  return (difference > 0) - (difference < 0);
}

struct figures {
  double least, median, mean, cpu;
  long memory;
  int count;
};

static struct figures summarize(struct sample *samples, int count) {
  qsort(samples, count, sizeof *samples, by_wall);
  struct figures figures = {.least = samples[0].wall, .median = samples[count / 2].wall, .count = count};
  for (int i = 0; i < count; i++) {
    figures.mean += samples[i].wall / count;
    figures.cpu += samples[i].cpu / count;
    if (samples[i].memory > figures.memory) figures.memory = samples[i].memory;
  }
  return figures;
}

static void print_table(const char *title, const char *command, const struct subject *subjects, const struct figures *figures) {
  printf("\n### %s: %s\n\n", title, command);
  printf("| | p50 | min | mean | CPU | peak memory | of the floor | of the reference | calls |\n");
  printf("|---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
  for (int i = 0; i < 3; i++) {
    struct figures f = figures[i];
    printf("| %s | %.2f ms | %.2f ms | %.2f ms | %.2f ms | %.1f MB | %.2f | 1/%.1f | %d |\n", subjects[i].name, f.median, f.least,
        f.mean, f.cpu, f.memory / 1024.0, f.median / figures[2].median, figures[0].median / f.median, f.count);
  }
}

// MARK: The machine of its own

static void run(const char *command) {
  if (system(command) != 0) die(command);
}

static void make_host(void) {
  if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) die("unshare (needs root)");
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) die("mount /");
  if (mount("tmpfs", "/run", "tmpfs", 0, "mode=755") != 0) die("mount /run");
  if (mount("tmpfs", "/var/lib", "tmpfs", 0, "mode=755") != 0) die("mount /var/lib");
  mkdir("/run/netns", 0755);
  // What a node that is in use has: forwarding on, and for the floor, which makes neither, the bridge and its directory.
  run("ip link set lo up && ip link add br-floor type bridge && ip addr add 10.32.0.1/16 dev br-floor"
      " && ip link set br-floor up && mkdir -p /var/lib/cni/networks/floor"
      " && echo 1 >/proc/sys/net/ipv4/ip_forward && echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
}

static void make_container(const char *network, int number) {
  char path[128];
  snprintf(path, sizeof path, "/run/netns/%s%d", network, number);
  int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), file = open(path, O_CREAT | O_RDONLY | O_CLOEXEC, 0444);
  close(file);
  if (unshare(CLONE_NEWNET) != 0) die("unshare");
  if (mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL) != 0) die(path);
  if (setns(home, CLONE_NEWNET) != 0) die("setns");
  close(home);
}

static void measure(const struct scenario *scenario, const struct subject *subjects, int rounds) {
  static struct sample added[3][most_rounds], deleted[3][most_rounds];
  struct figures add_figures[3], delete_figures[3];
  int counts[3];
  char configurations[3][1024];
  for (int i = 0; i < 3; i++) {
    counts[i] = i == 0 && scenario->reference_rounds < rounds ? scenario->reference_rounds : rounds;
    snprintf(configurations[i], sizeof configurations[i], scenario->configuration, subjects[i].network, i, i, i);
    for (int n = 0; n <= counts[i]; n++) make_container(subjects[i].network, n);
  }
  // The first call of each makes what all others share, and is not counted.
  for (int n = 0; n <= rounds; n++)
    for (int i = 0; i < 3; i++)
      if (n <= counts[i]) added[i][n] = call(&subjects[i], scenario, "ADD", n, configurations[i]);
  for (int n = 0; n <= rounds; n++)
    for (int i = 0; i < 3; i++)
      if (n <= counts[i]) deleted[i][n] = call(&subjects[i], scenario, "DEL", n, configurations[i]);
  for (int i = 0; i < 3; i++) {
    add_figures[i] = summarize(added[i] + 1, counts[i]);
    delete_figures[i] = summarize(deleted[i] + 1, counts[i]);
    char command[128];
    for (int n = 0; n <= counts[i]; n++) {
      snprintf(command, sizeof command, "/run/netns/%s%d", subjects[i].network, n);
      umount2(command, MNT_DETACH);
      unlink(command);
    }
  }
  print_table(scenario->title, "ADD", subjects, add_figures);
  print_table(scenario->title, "DEL", subjects, delete_figures);
}

int main(int count, char **arguments) {
  if (count < 4) return fprintf(stderr, "usage: bench REFERENCE-DIRECTORY OUR-DIRECTORY FLOOR [ROUNDS]\n"), 2;
  int rounds = count > 4 ? atoi(arguments[4]) : 100;
  if (rounds < 1 || rounds >= most_rounds) return fprintf(stderr, "bench: 1 to %d rounds\n", most_rounds - 1), 2;
  char floor[512];
  if (!realpath(arguments[3], floor)) die(arguments[3]);
  const struct subject subjects[3] = {{"reference 1.9", "ref", arguments[1], "%s/%s"}, {"swift-cni", "own", arguments[2], "%s/%s"},
      {"floor (C, no checks)", "floor", floor, NULL}};
  const struct scenario scenarios[] = {
      {"bridge with host-local", "bridge",
          "{\"cniVersion\":\"1.1.0\",\"name\":\"%s\",\"type\":\"bridge\",\"bridge\":\"br%d\",\"isGateway\":true,\"ipam\":{\"type\":"
          "\"host-local\",\"ranges\":[[{\"subnet\":\"10.3%d.0.0/16\"}]],\"routes\":[{\"dst\":\"0.0.0.0/0\"}]}}",
          most_rounds},
      // The reference waits for duplicate address detection: seconds a call.
      {"ptp with host-local, dual stack", "ptp",
          "{\"cniVersion\":\"1.1.0\",\"name\":\"%1$sp\",\"type\":\"ptp\",\"ipam\":{\"type\":\"host-local\",\"ranges\":[[{\"subnet\":"
          "\"10.4%2$d.0.0/16\"}],[{\"subnet\":\"fd4%2$d::/64\"}]],\"routes\":[{\"dst\":\"0.0.0.0/0\"},{\"dst\":\"::/0\"}]}}",
          5},
  };
  make_host();
  printf("One process a call, one call after the other, in turn. Times from the start of the process to its end; CPU and\n"
         "memory of it and its children.\n");
  for (unsigned i = 0; i < sizeof scenarios / sizeof *scenarios; i++) measure(&scenarios[i], subjects, rounds);
  return 0;
}
