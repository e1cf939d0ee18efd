/* A differential test of system calls: a seeded random sequence of them, a line of output for each,
 * byte for byte the same on every kernel that behaves like Linux.
 *
 *   probe-differential AREA SEED CALLS               prints the lines
 *   probe-differential AREA SEED CALLS BLOCK SEEDS   prints, for each of SEEDS seeds from SEED on,
 *                                                    a hash of every BLOCK lines
 *
 * It needs root, and on Linux makes a mount namespace of its own: each sequence runs in a child
 * with a new tmpfs as its root directory.  grader/differential.py runs it on both and compares. */
#include "differential.h"

#include "differential_credentials.h"
#include "differential_data.h"
#include "differential_locks.h"
#include "differential_names.h"
#include "differential_pipes.h"
#include "differential_sockets.h"

static const struct area {
    const char *name;
    void (*run)(unsigned calls);
} areas[] = {
    { "names", run_names },
    { "data", run_data },
    { "pipes", run_pipes },
    { "sockets", run_sockets },
    { "locks", run_locks },
    { "credentials", run_credentials },
};

#define SCRATCH "/tmp/differential"

static void in_new_root(const struct area *area, uint64_t seed, unsigned calls)
{
    must("mount", mount("none", SCRATCH, "tmpfs", 0, "mode=0755,size=64m"));
    must("chroot", chroot(SCRATCH));
    must("chdir", chdir("/"));
    umask(022);
    random_state = seed;
    area->run(calls);
    if (block_lines != 0) {
        end_block();
        printf("\n");
    }
    fflush(stdout);
    _exit(0);
}

/* One sequence.  0, or 1 if its process did not come to its end. */
static int run_seed(const struct area *area, uint64_t seed, unsigned calls)
{
    int status = 0;

    if (block_lines != 0)
        printf("%s %" PRIu64, area->name, seed);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        in_new_root(area, seed, calls);
    must("waitpid", waitpid(child, &status, 0));
    while (umount2(SCRATCH, MNT_DETACH) == 0)
        ;
    if (status == 0)
        return 0;
    printf(" ended with status %#x\n", (unsigned)status);
    return 1;
}

int main(int count, char **arguments)
{
    const struct area *area = NULL;
    int failed = 0;

    for (size_t i = 0; count > 3 && i < COUNT(areas); i++)
        if (strcmp(arguments[1], areas[i].name) == 0)
            area = &areas[i];
    if (!area) {
        fprintf(stderr, "usage: probe-differential AREA SEED CALLS [BLOCK SEEDS]\nareas:");
        for (size_t i = 0; i < COUNT(areas); i++)
            fprintf(stderr, " %s", areas[i].name);
        fprintf(stderr, "\n");
        return 2;
    }
    /* Aramid has no mount namespaces, and a machine of its own for each test. */
    if (unshare(CLONE_NEWNS) == 0)
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    else if (errno != EINVAL)
        must("unshare", -1);
    uint64_t first = strtoull(arguments[2], NULL, 10);
    unsigned calls = (unsigned)atoi(arguments[3]), seeds = 1;
    if (count > 5) {
        block_lines = (unsigned)atoi(arguments[4]);
        seeds = (unsigned)atoi(arguments[5]);
    }
    mkdir(SCRATCH, 0755);
    for (uint64_t seed = first; seed < first + seeds; seed++)
        failed |= run_seed(area, seed, calls);
    rmdir(SCRATCH);
    return failed;
}
