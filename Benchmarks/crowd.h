// What our plugins and a packet cost on a host with few and with many published attachments.
#pragma once

#define CROWD_HOSTS 2
// For each host the attachment that stays, somebody outside, and the container that comes and goes.
#define CROWD_CONTAINERS 6

// Measures on hosts and containers from the given numbers on, and prints a table.
//
// Returns the CPU time in ms that portmap and firewall spend in ADD of one attachment beyond the start of their processes.
double measure_crowd(const char *plugin_path, const char *multiply, int first_host, int first_container, int rounds);
