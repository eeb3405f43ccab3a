// Lease stores that are full of other containers' leases, as a node with many containers has them.
#pragma once
#include <stdbool.h>

#define SPARED 3

// Addresses are numbers counted from the network's own: 1 is the gateway's.
struct fill {
  const char *title;
  const char *network;
  int prefix_length;
  int leases_through;  // other containers hold 2 to this; nobody holds anything where it is 1
  int spared[SPARED];  // except these
  int handed_out_last; // what last_reserved_ip.0 says before each ADD
  int next;            // what the next ADD must hand out
};

// One subject's, in a directory of its own: whoever keeps an index keeps it in there.
struct store {
  const struct fill *fill;
  char data_directory[256], network[32];
};

#define ADDRESS_SIZE 64

// The address as plugins write it.
const char *address_text(const struct fill *fill, int number, char text[ADDRESS_SIZE]);

// 64 hexadecimal digits, the same ones for the same number.
#define CONTAINER_ID_SIZE 65
void write_container_id(char id[CONTAINER_ID_SIZE], unsigned long number);

// Makes the directory and the leases in it.
void fill_store(const struct store *store);

// Lets the next ADD find what the first one found. It adds and removes no file.
void rewind_store(const struct store *store);

bool has_lease(const struct store *store, int number);

// Ends the benchmark unless the leases are those that `fill_store` made.
void check_store(const struct store *store);

// Of what is below a directory: ext4, or whatever it is.
const char *file_system_of(const char *directory);
