// A directory on the disk for as long as the benchmark runs, and not a moment longer.
#pragma once
#include <stdbool.h>

// Makes a directory below $TMPDIR (else /var/tmp, which is on a disk where /tmp may be in memory), does the work in a
// process of its own, and removes the directory with all that is in there, however that process ended.
//
// Returns what to exit with.
int with_temporary_directory(void (*work)(const char *directory));

// Puts a new ext4 over a directory inside `directory`, seen in this mount namespace only and gone with it, and returns
// its path: what files were made and removed before on the machine's own disk costs nobody anything in there. Where
// there is no loop device or no mkfs.ext4, says so on stderr and returns `directory` itself.
const char *own_file_system(const char *directory);

// Whether `own_file_system` found what it needs.
bool has_own_file_system(void);
