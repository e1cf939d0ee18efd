/* Shared anonymous memory is a regular file of no file system: the page cache keeps its pages and
 * asks nobody about holes. */
#include <memory/shared_memory.h>

#include <linux/fcntl.h>
#include <linux/stat.h>

#include <fs/file.h>

int shared_memory_create(uint64_t length, struct file **out)
{
    struct inode *inode;
    int error = inode_create_anonymous(S_IFREG | 0600, &inode);
    if (error)
        return error;
    inode->attributes.size = length;
    error = file_create(inode, NULL, NULL, O_RDWR, out);
    if (error)
        inode_put(inode);
    return error;
}
