/* What the network stack's files in /proc say (net/files.h). */
#ifndef NETSTACK_FILES_H
#define NETSTACK_FILES_H

#include <text/text.h>

/* Registers the files.  0 or an errno. */
int files_start(void);

/* Each puts one file together: 0 or an errno. */

/* files_interface.c */
int files_dev(struct text *out);
int files_if_inet6(struct text *out);
int files_route(struct text *out);
int files_ipv6_route(struct text *out);
int files_arp(struct text *out);

/* files_socket.c */
int files_tcp(struct text *out);
int files_tcp6(struct text *out);
int files_udp(struct text *out);
int files_udp6(struct text *out);
int files_raw(struct text *out);
int files_raw6(struct text *out);
int files_icmp(struct text *out);
int files_icmp6(struct text *out);
int files_sockstat(struct text *out);
int files_sockstat6(struct text *out);

/* files_snmp.c */
int files_snmp(struct text *out);

/* files_setting.c; store: `text` without its line end */
int files_port_range(struct text *out);
int files_store_port_range(const char *text);
int files_time_wait(struct text *out);
int files_store_time_wait(const char *text);

#endif
