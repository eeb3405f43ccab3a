#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// The pipes of one process, seen from here.
struct pipes {
  int input, output, errors;          // the child's ends
  int output_reader, errors_reader;   // ours
};

struct running {
  pid_t process;
  struct pipes pipes;
};

void stop(const char *format, ...) {
  int error = errno;
  va_list arguments;
  va_start(arguments, format);
  fputs("measure: ", stderr);
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "%s%s\n", error ? ": " : "", error ? strerror(error) : "");
  exit(1);
}

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static double of_timeval(struct timeval time) { return time.tv_sec * 1e3 + time.tv_usec / 1e3; }

static void make_pipe(int *reader, int *writer) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) stop("pipe");
  *reader = ends[0];
  *writer = ends[1];
}

// A configuration and a result fit into a pipe, so nobody has to write or read while the process runs.
static struct pipes open_pipes(const char *configuration) {
  struct pipes pipes;
  int writer;
  make_pipe(&pipes.input, &writer);
  make_pipe(&pipes.output_reader, &pipes.output);
  make_pipe(&pipes.errors_reader, &pipes.errors);
  ssize_t length = strlen(configuration);
  if (write(writer, configuration, length) != length) stop("write configuration");
  close(writer);
  return pipes;
}

static void close_child_ends(const struct pipes *pipes) {
  close(pipes->input);
  close(pipes->output);
  close(pipes->errors);
}

static void read_all(int descriptor, char *text, size_t size) {
  size_t length = 0;
  ssize_t count;
  while (length < size - 1 && (count = read(descriptor, text + length, size - 1 - length)) > 0) length += count;
  text[length] = 0;
  close(descriptor);
}

// The environment of a call, in one piece, because a child of vfork may not allocate.
struct environment {
  char text[6][256];
  char *list[8];
};

static void describe(const struct call *call, struct environment *environment) {
  const char *names[] = {"CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH", "PATH"};
  const char *values[] = {call->command,   call->container_id, call->namespace_path,
                          call->interface, call->plugin_path,  call->tools ? call->tools : "/usr/sbin:/usr/bin:/sbin:/bin"};
  for (int i = 0; i < 6; i++) {
    snprintf(environment->text[i], sizeof environment->text[i], "%s=%s", names[i], values[i]);
    environment->list[i] = environment->text[i];
  }
  environment->list[6] = NULL;
}

// In the child. Only calls that are allowed after vfork.
static _Noreturn void become(const struct call *call, const struct pipes *pipes, struct environment *environment) {
  char *arguments[] = {(char *)call->executable, NULL};
  prctl(PR_SET_PDEATHSIG, SIGKILL); // the benchmark's end is the end of what it measures
  if (dup2(pipes->input, STDIN_FILENO) >= 0 && dup2(pipes->output, STDOUT_FILENO) >= 0 &&
      dup2(pipes->errors, STDERR_FILENO) >= 0)
    execve(call->executable, arguments, environment->list);
  _exit(127);
}

static void keep(struct outcome *outcome, double started, int status, const struct rusage *usage) {
  outcome->milliseconds = milliseconds() - started;
  outcome->cpu_milliseconds = of_timeval(usage->ru_utime) + of_timeval(usage->ru_stime);
  outcome->peak_kilobytes = usage->ru_maxrss;
  outcome->status = status;
}

static void read_outputs(const struct pipes *pipes, struct outcome *outcome) {
  read_all(pipes->output_reader, outcome->output, sizeof outcome->output);
  read_all(pipes->errors_reader, outcome->errors, sizeof outcome->errors);
}

void run(const struct call *call, struct outcome *outcome) {
  struct environment environment;
  struct rusage usage;
  int status;
  describe(call, &environment);
  struct pipes pipes = open_pipes(call->configuration);

  double started = milliseconds();
  pid_t process = vfork();
  if (process < 0) stop("vfork");
  if (process == 0) become(call, &pipes, &environment);
  if (wait4(process, &status, 0, &usage) < 0) stop("wait4");
  keep(outcome, started, status, &usage);

  close_child_ends(&pipes);
  read_outputs(&pipes, outcome);
}

// A process that becomes the plugin as soon as the gate's other end is closed.
static struct running start_behind(int gate, int opener, const struct call *call) {
  struct environment environment;
  describe(call, &environment);
  struct running running = {.pipes = open_pipes(call->configuration)};
  running.process = fork();
  if (running.process < 0) stop("fork");
  if (running.process == 0) {
    char nothing;
    close(opener);
    if (read(gate, &nothing, 1) != 0) _exit(127);
    become(call, &running.pipes, &environment);
  }
  close_child_ends(&running.pipes);
  return running;
}

static int index_of(const struct running *running, int count, pid_t process) {
  for (int i = 0; i < count; i++)
    if (running[i].process == process) return i;
  stop("process %d is none of ours", process);
}

void run_together(const struct call *calls, struct outcome *outcomes, int count) {
  struct running running[count];
  int gate, opener;
  make_pipe(&gate, &opener);
  for (int i = 0; i < count; i++) running[i] = start_behind(gate, opener, &calls[i]);

  double started = milliseconds();
  close(opener);
  for (int left = count; left > 0; left--) {
    struct rusage usage;
    int status;
    pid_t process = wait4(-1, &status, 0, &usage);
    if (process < 0) stop("wait4");
    keep(&outcomes[index_of(running, count, process)], started, status, &usage);
  }
  close(gate);
  for (int i = 0; i < count; i++) read_outputs(&running[i].pipes, &outcomes[i]);
}
