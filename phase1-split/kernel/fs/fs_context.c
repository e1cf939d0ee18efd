/* Where a process stands: root, working directory and umask, shared by CLONE_FS (clone(2)). */
#include <fs/file.h>

#include <linux/errno.h>

#include <platform/heap.h>

int fs_context_create(struct fs_context **out)
{
    struct fs_context *context = kmalloc(sizeof(*context));

    if (!context)
        return -ENOMEM;
    context->references = 1;
    context->umask = 022;
    context->root = (struct path){ .mount = mount_root(), .dentry = mount_root()->root };
    context->directory = context->root;
    path_get(&context->root);
    path_get(&context->directory);
    *out = context;
    return 0;
}

int fs_context_clone(struct fs_context *from, struct fs_context **out)
{
    struct fs_context *context = kmalloc(sizeof(*context));

    if (!context)
        return -ENOMEM;
    *context = *from;
    context->references = 1;
    path_get(&context->root);
    path_get(&context->directory);
    *out = context;
    return 0;
}

void fs_context_put(struct fs_context *context)
{
    if (--context->references > 0)
        return;
    path_put(&context->root);
    path_put(&context->directory);
    kfree(context);
}
