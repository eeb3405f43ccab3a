#define _GNU_SOURCE
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

const char *const subject_names[SUBJECTS] = {"reference", "floor", "ours"};

void keep_sample(struct samples *samples, struct sample sample) {
  if (samples->count == samples->room) {
    samples->room = samples->room ? 2 * samples->room : 64;
    samples->list = realloc(samples->list, samples->room * sizeof sample);
    if (!samples->list) stop("memory");
  }
  samples->list[samples->count++] = sample;
}

static int by_time(const void *left, const void *right) {
  double a = ((const struct sample *)left)->milliseconds, b = ((const struct sample *)right)->milliseconds;
  return (a > b) - (a < b);
}

static int by_cpu(const void *left, const void *right) {
  double a = ((const struct sample *)left)->cpu_milliseconds, b = ((const struct sample *)right)->cpu_milliseconds;
  return (a > b) - (a < b);
}

// The nearest rank: a sample that was really seen.
static const struct sample *ranked(const struct samples *samples, int percent,
                                   int (*order)(const void *, const void *)) {
  qsort(samples->list, samples->count, sizeof *samples->list, order);
  int rank = (samples->count * percent + 99) / 100;
  return &samples->list[rank > 0 ? rank - 1 : 0];
}

double percentile(const struct samples *samples, int percent) {
  return ranked(samples, percent, by_time)->milliseconds;
}

double median(const struct samples *samples) { return percentile(samples, 50); }

double median_cpu(const struct samples *samples) { return ranked(samples, 50, by_cpu)->cpu_milliseconds; }

static struct sample mean(const struct samples *samples) {
  struct sample sum = {0};
  for (int i = 0; i < samples->count; i++) {
    sum.milliseconds += samples->list[i].milliseconds / samples->count;
    sum.cpu_milliseconds += samples->list[i].cpu_milliseconds / samples->count;
  }
  return sum;
}

double mean_cpu(const struct samples *samples) { return mean(samples).cpu_milliseconds; }

double peak_megabytes(const struct samples *samples) {
  double peak = 0;
  for (int i = 0; i < samples->count; i++)
    if (samples->list[i].peak_kilobytes > peak) peak = samples->list[i].peak_kilobytes;
  return peak / 1024;
}

static void print_median(FILE *file, const struct samples *samples) {
  if (samples->count) fprintf(file, " %7.2f |", median(samples));
  else fprintf(file, " %7s |", "");
}

// How many times the floor's, and which part of the reference's, as the goals are written: 1.5, 1/6.
static void print_proportions(FILE *file, const struct samples of[SUBJECTS],
                              double (*measure)(const struct samples *)) {
  if (of[FLOOR].count) fprintf(file, " %10.2f |", measure(&of[OURS]) / measure(&of[FLOOR]));
  else fprintf(file, " %10s |", "");
  fprintf(file, " %8s%-6.1f |", "1/", measure(&of[REFERENCE]) / measure(&of[OURS]));
}

static void print_medians(FILE *file, const struct row *rows, int count) {
  fputs("Median wall time in ms, ours in proportion, and our mean CPU time in proportion:\n\n", file);
  fputs("| work                                | reference "
        "| floor   | ours    | ours/floor | ours/reference | CPU, floor | CPU, reference |\n",
        file);
  fputs("|-------------------------------------|----------:"
        "|--------:|--------:|-----------:|---------------:|-----------:|---------------:|\n",
        file);
  for (int i = 0; i < count; i++) {
    const struct samples *of = rows[i].of;
    fprintf(file, "| %-35s |  ", rows[i].title);
    for (int subject = 0; subject < SUBJECTS; subject++) print_median(file, &of[subject]);
    print_proportions(file, of, median);
    print_proportions(file, of, mean_cpu);
    fputc('\n', file);
  }
}

void print_details(FILE *file, const struct row *rows, int count, const char *const names[SUBJECTS]) {
  fputs("\nEach subject: wall time in ms, mean CPU time in ms, peak memory of its largest process in MB:\n\n", file);
  fputs("| work                                | subject   "
        "| n   | min     | p50     | mean    | p90     | CPU     | MB   |\n",
        file);
  fputs("|-------------------------------------|-----------"
        "|----:|--------:|--------:|--------:|--------:|--------:|-----:|\n",
        file);
  for (int i = 0; i < count; i++)
    for (int subject = 0; subject < SUBJECTS; subject++) {
      const struct samples *samples = &rows[i].of[subject];
      if (!samples->count) continue;
      struct sample average = mean(samples);
      fprintf(file, "| %-35s | %-9s | %3d | %7.2f | %7.2f | %7.2f | %7.2f | %7.2f | %4.1f |\n", rows[i].title,
              names[subject], samples->count, percentile(samples, 0), median(samples), average.milliseconds,
              percentile(samples, 90), average.cpu_milliseconds, peak_megabytes(samples));
    }
}

// The text after `key` in a file of "key : value" lines, or after nothing in one that holds only the value.
static void print_fact(FILE *file, const char *path, const char *key) {
  char line[512];
  FILE *source = fopen(path, "re");
  while (source && fgets(line, sizeof line, source)) {
    if (strncmp(line, key, strlen(key))) continue;
    const char *value = line + strlen(key);
    value += strspn(value, "\t :");
    fprintf(file, "%.*s", (int)strcspn(value, "\n"), value);
    break;
  }
  if (source) fclose(source);
}

static void print_machine(FILE *file) {
  struct utsname system;
  char date[32];
  time_t now = time(NULL);
  strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", gmtime(&now));
  if (uname(&system)) stop("uname");
  fprintf(file, "%s, Linux %s %s, ", date, system.release, system.machine);
  print_fact(file, "/proc/cpuinfo", "model name");
  fprintf(file, ", %ld CPUs online, possible ", sysconf(_SC_NPROCESSORS_ONLN));
  print_fact(file, "/sys/devices/system/cpu/possible", "");
  fputs(", load at the end ", file);
  print_fact(file, "/proc/loadavg", "");
  fputs("\n\n", file);
}

void print_report(FILE *file, const struct row *rows, int count) {
  print_machine(file);
  print_medians(file, rows, count);
  print_details(file, rows, count, subject_names);
}
