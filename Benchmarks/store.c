#define _GNU_SOURCE
#include "store.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "process.h"

#define PATH_SIZE 512
#define XFS_SUPER_MAGIC 0x58465342

const char *address_text(const struct fill *fill, int number, char text[ADDRESS_SIZE]) {
  int family = strchr(fill->network, ':') ? AF_INET6 : AF_INET;
  uint8_t bytes[16];
  if (inet_pton(family, fill->network, bytes) != 1) stop("%s", fill->network);
  // Networks end in so many zeros that nothing is carried over.
  for (uint8_t *last = bytes + (family == AF_INET6 ? 15 : 3); number; number >>= 8) *last-- |= number & 0xff;
  if (!inet_ntop(family, bytes, text, ADDRESS_SIZE)) stop("address %d of %s", number, fill->network);
  return text;
}

// splitmix64 (Steele, Lea, Flood): neighbours look nothing alike, as the ids of containers do.
static uint64_t mixed(uint64_t number) {
  number += 0x9e3779b97f4a7c15;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

void write_container_id(char id[CONTAINER_ID_SIZE], unsigned long number) {
  for (int part = 0; part < 4; part++)
    snprintf(id + 16 * part, 17, "%016llx", (unsigned long long)mixed(4 * (uint64_t)number + part));
}

static void path_in(const struct store *store, const char *name, char path[PATH_SIZE]) {
  snprintf(path, PATH_SIZE, "%s/%s/%s", store->data_directory, store->network, name);
}

static bool is_spared(const struct fill *fill, int number) {
  for (int i = 0; i < SPARED; i++)
    if (fill->spared[i] == number) return true;
  return false;
}

static void write_file(const char *path, int flags, const char *text) {
  int length = strlen(text);
  int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
  if (file < 0 || write(file, text, length) != length || ftruncate(file, length)) stop("write %s", path);
  close(file);
}

void fill_store(const struct store *store) {
  const struct fill *fill = store->fill;
  char path[PATH_SIZE], address[ADDRESS_SIZE], id[CONTAINER_ID_SIZE], content[CONTAINER_ID_SIZE + 8];
  path_in(store, "", path);
  if (mkdir(store->data_directory, 0755) && errno != EEXIST) stop("%s", store->data_directory);
  if (mkdir(path, 0755)) stop("%s", path);
  for (int number = 2; number <= fill->leases_through; number++) {
    if (is_spared(fill, number)) continue;
    path_in(store, address_text(fill, number, address), path);
    write_container_id(id, number);
    snprintf(content, sizeof content, "%s\r\neth0", id);
    write_file(path, O_EXCL, content);
  }
  rewind_store(store);
}

// In place, as the directory's own times tell whether a file has come or gone.
void rewind_store(const struct store *store) {
  char path[PATH_SIZE], address[ADDRESS_SIZE];
  path_in(store, "last_reserved_ip.0", path);
  write_file(path, 0, address_text(store->fill, store->fill->handed_out_last, address));
}

bool has_lease(const struct store *store, int number) {
  char path[PATH_SIZE], address[ADDRESS_SIZE];
  path_in(store, address_text(store->fill, number, address), path);
  if (!access(path, F_OK)) return true;
  if (errno != ENOENT) stop("%s", path);
  return false;
}

static bool is_address(const char *name) {
  uint8_t bytes[16];
  return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

void check_store(const struct store *store) {
  char path[PATH_SIZE];
  int found = 0, expected = 0;
  for (int number = 2; number <= store->fill->leases_through; number++) {
    if (is_spared(store->fill, number)) continue;
    expected++;
    errno = 0;
    if (!has_lease(store, number)) stop("%s of %s has lost lease %d", store->network, store->data_directory, number);
  }
  path_in(store, "", path);
  DIR *directory = opendir(path);
  if (!directory) stop("%s", path);
  for (struct dirent *entry; (entry = readdir(directory));) found += is_address(entry->d_name);
  closedir(directory);
  errno = 0;
  if (found != expected) stop("%s holds %d leases, not %d", path, found, expected);
}

const char *file_system_of(const char *directory) {
  static char number[32];
  struct statfs status;
  if (statfs(directory, &status)) stop("%s", directory);
  switch (status.f_type) {
  case EXT4_SUPER_MAGIC: return "ext4";
  case XFS_SUPER_MAGIC: return "xfs";
  case BTRFS_SUPER_MAGIC: return "btrfs";
  case OVERLAYFS_SUPER_MAGIC: return "overlayfs";
  case TMPFS_MAGIC: return "tmpfs";
  }
  snprintf(number, sizeof number, "file system %#lx", (long)status.f_type);
  return number;
}
