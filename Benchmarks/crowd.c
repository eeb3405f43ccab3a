#define _GNU_SOURCE
#include "crowd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "chain.h"
#include "check.h"
#include "node.h"
#include "process.h"
#include "report.h"

#define COPIES 5000
#define GROWTH_LIMIT 1.2
// Connections for each round of calls.
#define CONNECTIONS 10
#define PUBLISHED_PORT 7070
#define HOST_ADDRESS "192.0.2.1"

enum { FEW, MANY };
static const char *const host_titles[CROWD_HOSTS] = {"one other", "5001 others"};
enum { BRIDGE, PORTMAP, FIREWALL, STEPS };
static const char *const step_titles[STEPS] = {"bridge with ipMasq", "portmap", "firewall"};
enum { ADD, CHECK, DEL, VERBS };
static const char *const verb_titles[VERBS] = {"ADD", "CHECK", "DEL"};

static struct samples calls[CROWD_HOSTS][VERBS][STEPS];
static struct samples connections[CROWD_HOSTS];
static struct samples starts;

static struct chain chain_of(const char *plugin_path, int host, int container, int port) {
  struct chain chain = {.plugin_path = plugin_path, .container = container};
  char network[16], ports[512];
  snprintf(network, sizeof network, "crowd-%d", host);
  snprintf(chain.container_id, sizeof chain.container_id, "container-%d", container);
  append(&chain, "bridge",
         "{\"cniVersion\":\"1.1.0\",\"name\":\"%1$s\",\"type\":\"bridge\",\"bridge\":\"%1$s\",\"isGateway\":true,"
         "\"ipMasq\":true,\"ipam\":{\"type\":\"host-local\",\"ranges\":[[{\"subnet\":\"10.88.0.0/16\"}],"
         "[{\"subnet\":\"fd88::/64\"}]],\"routes\":[{\"dst\":\"0.0.0.0/0\"}]}}",
         network);
  snprintf(ports, sizeof ports,
           "{\"cniVersion\":\"1.1.0\",\"name\":\"%%1$s\",\"type\":\"portmap\",\"runtimeConfig\":{\"portMappings\":["
           "{\"hostPort\":%d,\"containerPort\":80,\"protocol\":\"tcp\"},"
           "{\"hostPort\":%d,\"containerPort\":53,\"protocol\":\"udp\"}]}}",
           port, port + 1);
  append(&chain, "portmap", ports, network);
  append(&chain, "firewall", "{\"cniVersion\":\"1.1.0\",\"name\":\"%1$s\",\"type\":\"firewall\"}", network);
  return chain;
}

__attribute__((format(printf, 1, 2))) static void shell(const char *format, ...) {
  char command[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(command, sizeof command, format, arguments);
  va_end(arguments);
  if (system(command)) stop("%s", command);
}

// A link to somebody outside, who reaches the published ports.
static void connect_outside(int host, int outside) {
  enter_host(host);
  shell("ip link add uplink type veth peer name uplink netns %s && ip addr add " HOST_ADDRESS
        "/24 dev uplink && ip link set uplink up",
        container_path(outside));
  enter_container(outside);
  shell("ip addr add 192.0.2.2/24 dev uplink && ip link set uplink up");
}

static int listen_in(int container) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
  enter_container(container);
  int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (server < 0 || bind(server, (struct sockaddr *)&address, sizeof address) || listen(server, 16))
    stop("listen in a container");
  return server;
}

// How long the first packet of a connection takes to the container and back.
static struct sample connect_once(int outside, int server) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PUBLISHED_PORT)};
  struct linger at_once = {.l_onoff = 1};
  struct timespec started, done;
  inet_pton(AF_INET, HOST_ADDRESS, &address.sin_addr);
  enter_container(outside);
  int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  clock_gettime(CLOCK_MONOTONIC, &started);
  if (client < 0 || connect(client, (struct sockaddr *)&address, sizeof address)) stop("connect to the published port");
  clock_gettime(CLOCK_MONOTONIC, &done);
  int accepted = accept(server, NULL, NULL);
  if (accepted < 0) stop("accept");
  // Without the wait of a connection that is closed in order: thousands would use up the ports.
  setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(client);
  close(accepted);
  return (struct sample){.milliseconds = (done.tv_sec - started.tv_sec) * 1e3 + (done.tv_nsec - started.tv_nsec) / 1e6};
}

// What any call costs that does nothing.
static void keep_start(const char *plugin_path) {
  char executable[512];
  struct outcome outcome;
  snprintf(executable, sizeof executable, "%s/portmap", plugin_path);
  struct call call = {executable, "VERSION", "c", "", "eth0", plugin_path, NULL, "{}"};
  run(&call, &outcome);
  check_success(&call, &outcome);
  keep_sample(&starts, (struct sample){outcome.milliseconds, outcome.cpu_milliseconds, outcome.peak_kilobytes});
}

static void keep_calls(int host, int verb, const struct sample each[STEPS]) {
  for (int step = 0; step < STEPS; step++) keep_sample(&calls[host][verb][step], each[step]);
}

static void print_growth(const char *title, const char *unit, double few, double many) {
  double growth = many / few;
  printf("| %-36s | %9.3f %-2s | %9.3f %-2s | %5.2f, %-6s |\n", title, few, unit, many, unit, growth,
         growth <= GROWTH_LIMIT ? "met" : "MISSED");
}

static void print_crowd(void) {
  printf("\nOur plugins on a host with one other attachment of two ports, and with 5001, by the medians:\n\n");
  printf("| %-36s | %-12s | %-12s | at most 1.2   |\n", "work", host_titles[FEW], host_titles[MANY]);
  printf("|--------------------------------------|-------------:|-------------:|---------------|\n");
  for (int step = 0; step < STEPS; step++)
    for (int verb = 0; verb < VERBS; verb++) {
      struct samples *few = &calls[FEW][verb][step], *many = &calls[MANY][verb][step];
      char title[64];
      snprintf(title, sizeof title, "%s %s, wall", verb_titles[verb], step_titles[step]);
      print_growth(title, "ms", median(few), median(many));
      snprintf(title, sizeof title, "%s %s, CPU", verb_titles[verb], step_titles[step]);
      print_growth(title, "ms", median_cpu(few), median_cpu(many));
    }
  print_growth("connection to a published port", "ms", median(&connections[FEW]), median(&connections[MANY]));
}

double measure_crowd(const char *plugin_path, const char *multiply, int first_host, int first_container, int rounds) {
  int servers[CROWD_HOSTS];
  for (int host = 0; host < CROWD_HOSTS; host++) {
    int staying = first_container + host, outside = first_container + CROWD_HOSTS + host;
    struct chain chain = chain_of(plugin_path, host, staying, PUBLISHED_PORT);
    connect_outside(first_host + host, outside);
    enter_host(first_host + host);
    add_chain(&chain, NULL);
    if (host == MANY)
      shell("%s %d id=%s address4=10.88.0.2 address6=fd88::2 port=%d port=%d", multiply, COPIES, chain.container_id,
            PUBLISHED_PORT, PUBLISHED_PORT + 1);
    servers[host] = listen_in(staying);
  }
  for (int round = 0; round < rounds; round++) {
    keep_start(plugin_path);
    for (int turn = 0; turn < CROWD_HOSTS; turn++) {
      int host = (round + turn) % CROWD_HOSTS;
      struct sample each[STEPS];
      struct chain chain = chain_of(plugin_path, host, first_container + 2 * CROWD_HOSTS + host, 8080);
      enter_host(first_host + host);
      add_chain(&chain, each);
      keep_calls(host, ADD, each);
      check_chain(&chain, each);
      keep_calls(host, CHECK, each);
      delete_chain(&chain, each);
      keep_calls(host, DEL, each);
      for (int i = 0; i < CONNECTIONS; i++)
        keep_sample(&connections[host], connect_once(first_container + CROWD_HOSTS + host, servers[host]));
    }
  }
  print_crowd();
  return median_cpu(&calls[MANY][ADD][PORTMAP]) + median_cpu(&calls[MANY][ADD][FIREWALL]) - 2 * median_cpu(&starts);
}
