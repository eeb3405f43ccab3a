// The node on which the benchmark plays: namespaces that vanish with it, so that this machine stays as it was.
#pragma once
#include <stdbool.h>

#define MAXIMUM_CONTAINERS 512

// Leaves the machine's network and mounts, and covers the directories to which plugins write.
void enter_private_node(void);

// Makes `count` container namespaces and one host namespace for each subject: no subject meets another's links.
void make_namespaces(int hosts, int containers);

// Where the next processes run.
void enter_host(int host);

void enter_container(int container);

const char *container_path(int container);

// The addresses (not the link-local ones) of a container's link that is up; -1 where there is no such link.
int addresses_in(int container, const char *link);
