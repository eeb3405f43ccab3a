#define _GNU_SOURCE
#include "directory.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

#define OPEN_DIRECTORIES 16

static const int interrupts[] = {SIGINT, SIGTERM, SIGHUP};
#define INTERRUPTS (int)(sizeof interrupts / sizeof interrupts[0])

static volatile sig_atomic_t worker;
static bool is_mounted;

// Whoever interrupts the benchmark gets its directory removed too.
static void end_worker(int signal) {
  (void)signal;
  if (worker > 0) kill(worker, SIGKILL);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place) {
  (void)status, (void)kind, (void)place;
  return remove(path);
}

static void handle_interrupts(void (*handler)(int)) {
  for (int i = 0; i < INTERRUPTS; i++)
    if (sigaction(interrupts[i], &(struct sigaction){.sa_handler = handler}, NULL)) stop("handle signals");
}

// With interrupts held back, so that no moment is without somebody who removes the directory.
static pid_t start_worker(void (*work)(const char *), char *directory) {
  sigset_t held, before;
  sigemptyset(&held);
  for (int i = 0; i < INTERRUPTS; i++) sigaddset(&held, interrupts[i]);
  sigprocmask(SIG_BLOCK, &held, &before);
  handle_interrupts(end_worker);
  if (!mkdtemp(directory)) stop("%s", directory);
  pid_t process = fork();
  if (process == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    handle_interrupts(SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    work(directory);
    exit(0);
  }
  worker = process;
  sigprocmask(SIG_SETMASK, &before, NULL);
  return process;
}

int with_temporary_directory(void (*work)(const char *directory)) {
  char directory[128];
  const char *parent = getenv("TMPDIR");
  int status = 0, other;
  snprintf(directory, sizeof directory, "%s/lease-benchmark.XXXXXX", parent && parent[0] ? parent : "/var/tmp");
  // What the worker leaves running becomes ours to wait for, and writes nothing more into what is being removed.
  if (prctl(PR_SET_CHILD_SUBREAPER, 1)) stop("adopt the worker's processes");
  pid_t process = start_worker(work, directory);
  if (process < 0) fprintf(stderr, "measure: fork: %s\n", strerror(errno)), status = 1 << 8;
  while (process > 0 && waitpid(process, &status, 0) < 0 && errno == EINTR) continue;
  while (wait(&other) > 0 || errno == EINTR) continue;
  worker = 0;
  if (nftw(directory, remove_entry, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS)) stop("remove %s", directory);
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  fprintf(stderr, "measure: ended by signal %d\n", WTERMSIG(status));
  return 1;
}

const char *own_file_system(const char *directory) {
  static char path[256];
  snprintf(path, sizeof path, "%s/disk", directory);
  if (setenv("DISK", path, 1)) stop("environment");
  // Room for all leases, a block and an inode each. Nothing is left for the kernel to do later, while we measure.
  is_mounted = !system("mkdir \"$DISK\" && truncate -s 4G \"$DISK.image\" && "
                       "mkfs.ext4 -q -F -N 800000 -E lazy_itable_init=0,lazy_journal_init=0 \"$DISK.image\" && "
                       "mount -o loop \"$DISK.image\" \"$DISK\"");
  if (is_mounted) return path;
  fprintf(stderr, "measure: no ext4 of its own; the stores are in %s, beside all that has happened there\n", directory);
  return directory;
}

bool has_own_file_system(void) { return is_mounted; }
