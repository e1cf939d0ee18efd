/* The policies that can be chosen, looked at once, at boot: so nobody has to ask later whether there
 * is a function behind a pointer. */
#include <process/policy.h>

#include <linux/errno.h>

#include <lib/bits.h>
#include <lib/format.h>
#include <lib/string.h>
#include <platform/log.h>
#include <platform/panic.h>
#include <system.h>

#define POLICIES_MOST 8

static const struct scheduler_policy *policies[POLICIES_MOST];
static size_t count;

static const struct scheduler_policy *find(const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(policies[i]->name, name) == 0)
            return policies[i];
    return NULL;
}

static bool is_plain(const char *name)
{
    if (!name || !*name)
        return false;
    for (; *name; name++)
        if (!(*name >= 'a' && *name <= 'z') && !(*name >= '0' && *name <= '9') && *name != '_')
            return false;
    return true;
}

/* What the policy lacks, or NULL. */
static const char *missing(const struct scheduler_policy *policy)
{
    const struct {
        const char *name;
        bool there;
    } members[] = {
        { "turn", policy->turn > 0 },       { "enqueue", policy->enqueue },
        { "remove", policy->remove },       { "pick_next", policy->pick_next },
        { "charge", policy->charge },       { "turn_is_over", policy->turn_is_over },
        { "step_back", policy->step_back },
    };
    _Static_assert(sizeof *policy == sizeof(char *) + array_count(members) * 8,
                   "a member of struct scheduler_policy is not asked for");
    for (size_t i = 0; i < array_count(members); i++)
        if (!members[i].there)
            return members[i].name;
    return NULL;
}

static int refuse(const struct scheduler_policy *policy, int error, const char *why,
                  const char *what)
{
    printk(LOG_ERROR, "scheduler policy %s: %s%s; not registered", policy->name ? policy->name : "",
           why, what);
    return error;
}

int policy_register(const struct scheduler_policy *policy)
{
    if (!is_plain(policy->name))
        return refuse(policy, -EINVAL, "its name is no plain word", "");
    const char *lacks = missing(policy);
    if (lacks)
        return refuse(policy, -EINVAL, "it lacks ", lacks);
    if (find(policy->name))
        return refuse(policy, -EEXIST, "there is one of this name already", "");
    if (count == POLICIES_MOST)
        return refuse(policy, -ENOSPC, "there are too many", "");
    policies[count++] = policy;
    return 0;
}

static void report_unknown(const char *name)
{
    char names[256] = "";
    for (size_t i = 0, used = 0; i < count && used < sizeof names; i++)
        used += format(names + used, sizeof names - used, " %s", policies[i]->name);
    printk(LOG_ERROR, "sched=%s: there is no such scheduler policy, only:%s; %s is used", name,
           names, policies[0]->name);
}

void policy_choose(void)
{
    char name[32];
    panic_unless(count > 0);
    const struct scheduler_policy *chosen = policies[0];
    if (system_option("sched", name, sizeof name)) {
        chosen = find(name);
        if (!chosen) {
            report_unknown(name);
            chosen = policies[0];
        }
    }
    run_queue_use(chosen);
    printk(LOG_INFO, "scheduler policy: %s", chosen->name);
}
