// The tables: what was measured, where, and whether it meets the goals.
#pragma once
#include <stddef.h>
#include <stdio.h>

#define SUBJECTS 3
enum { REFERENCE, FLOOR, OURS };
extern const char *const subject_names[SUBJECTS];

struct sample {
  double milliseconds, cpu_milliseconds, peak_kilobytes;
};

struct samples {
  struct sample *list;
  int count, room;
};

// One kind of work, done by each subject; without samples where a subject does not do it.
struct row {
  char title[64];
  struct samples of[SUBJECTS];
};

void keep_sample(struct samples *samples, struct sample sample);

// Of samples that are some.
double median(const struct samples *samples);
double percentile(const struct samples *samples, int percent);
double median_cpu(const struct samples *samples);
double mean_cpu(const struct samples *samples);
double peak_megabytes(const struct samples *samples);

// Every subject's figures, row by row.
void print_details(FILE *file, const struct row *rows, int count, const char *const names[SUBJECTS]);

// The machine, the proportions, and the details.
void print_report(FILE *file, const struct row *rows, int count);
