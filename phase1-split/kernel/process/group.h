/* Process groups and sessions: sets of processes that bear the same id. */
#ifndef PROCESS_GROUP_H
#define PROCESS_GROUP_H

#include <stdbool.h>
#include <stdint.h>

struct process;

/* True if a process that has not ended is in the group or session. */
bool group_exists(int32_t group);
bool session_exists(int32_t session);

/* True if the group has a member in this session. */
bool group_in_session(int32_t group, int32_t session);

/* True if no member has a parent in another group of the same session (POSIX.1-2017 3.264):
 * nobody is there who could continue its members once they stop. */
bool process_group_is_orphaned(int32_t group);

/* `process` is about to leave its group's care (it exits): groups that become orphaned by this and
 * hold a stopped member get SIGHUP and SIGCONT (POSIX _exit()). */
void group_release_orphans(struct process *process);

#endif
