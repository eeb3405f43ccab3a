// A network's plugins, called one after the other as a runtime does.
#pragma once
#include "process.h"
#include "report.h"

#define MAXIMUM_STEPS 5

// One container at one network.
struct chain {
  const char *plugins[MAXIMUM_STEPS];
  char configurations[MAXIMUM_STEPS][1024]; // without the previous result
  const char *tools[MAXIMUM_STEPS];          // PATH of each, where that is not the usual one
  int steps;
  const char *plugin_path;
  char container_id[32];
  int container;
  char result[4096]; // of the last ADD
};

// Appends a plugin, whose configuration may hold the network's name as %1$s.
void append(struct chain *chain, const char *plugin, const char *configuration, const char *network);

// The calls of the verb, each of which must succeed. What they cost together is returned, and where `each` is not NULL,
// what each of them costs is there.
struct sample add_chain(struct chain *chain, struct sample *each);
struct sample check_chain(struct chain *chain, struct sample *each);
struct sample delete_chain(struct chain *chain, struct sample *each);
