/* Intrusive doubly linked lists: the links live inside the listed structures.
 *
 * A list is a ring of nodes that starts and ends at its head, so insertion and removal need no
 * special case and no allocation.  Who owns the structures is the user's affair.  O(1) each. */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *previous;
};

/* The structure of `type` whose `member` is at `pointer`.  Does not compile when the types do not
 * match. */
#define container_of(pointer, type, member)                                                        \
    ({                                                                                             \
        __typeof__(((type *)0)->member) *member_ = (pointer);                                      \
        (type *)((char *)member_ - offsetof(type, member));                                        \
    })

/* An empty list as initializer of the variable `name`. */
#define LIST_INITIAL(name)                                                                         \
    {                                                                                              \
        &(name), &(name)                                                                           \
    }

/* Makes `list` an empty head, or an unlisted node. */
static inline void list_init(struct list *list)
{
    list->next = list->previous = list;
}

/* True for an empty head, and for a node that is on no list. */
static inline bool list_empty(const struct list *list)
{
    return list->next == list;
}

/* Links `node`, which is on no list, in behind `position`. */
static inline void list_insert_after(struct list *position, struct list *node)
{
    node->next = position->next;
    node->previous = position;
    position->next->previous = node;
    position->next = node;
}

/* Links `node`, which is on no list, in as the first or the last of `head`. */
static inline void list_add(struct list *head, struct list *node)
{
    list_insert_after(head, node);
}

static inline void list_add_tail(struct list *head, struct list *node)
{
    list_insert_after(head->previous, node);
}

/* Takes `node` off its list and leaves it linked to itself: list_empty(node) holds, and removing
 * it again does no harm. */
static inline void list_remove(struct list *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    list_init(node);
}

/* Moves `node` from the list it is on to the front or the end of `head`. */
static inline void list_move(struct list *head, struct list *node)
{
    list_remove(node);
    list_add(head, node);
}

static inline void list_move_tail(struct list *head, struct list *node)
{
    list_remove(node);
    list_add_tail(head, node);
}

/* Moves all nodes of `from` behind those of `head`; `from` is empty afterwards. */
static inline void list_splice_tail(struct list *head, struct list *from)
{
    if (list_empty(from))
        return;
    from->next->previous = head->previous;
    head->previous->next = from->next;
    from->previous->next = head;
    head->previous = from->previous;
    list_init(from);
}

/* The first or last node of `head`, or NULL when it is empty. */
static inline struct list *list_first(const struct list *head)
{
    return list_empty(head) ? NULL : head->next;
}

static inline struct list *list_last(const struct list *head)
{
    return list_empty(head) ? NULL : head->previous;
}

/* Takes the first node off `head`; NULL when it is empty. */
static inline struct list *list_take_first(struct list *head)
{
    struct list *node = list_first(head);

    if (node != NULL)
        list_remove(node);
    return node;
}

/* The structure that the first or last node lies in.  The list is not empty. */
#define list_first_entry(head, type, member) container_of((head)->next, type, member)
#define list_last_entry(head, type, member)  container_of((head)->previous, type, member)

/* `entry` takes each structure on the list in turn.  The loop must not remove it. */
#define list_for_each_entry(entry, head, member)                                                   \
    for ((entry) = container_of((head)->next, __typeof__(*(entry)), member);                       \
         &(entry)->member != (head);                                                               \
         (entry) = container_of((entry)->member.next, __typeof__(*(entry)), member))

/* The same from the last to the first. */
#define list_for_each_entry_reverse(entry, head, member)                                           \
    for ((entry) = container_of((head)->previous, __typeof__(*(entry)), member);                   \
         &(entry)->member != (head);                                                               \
         (entry) = container_of((entry)->member.previous, __typeof__(*(entry)), member))

/* The same when the loop may remove or free `entry`, but no other; `following` is a second
 * variable of the same type. */
#define list_for_each_entry_safe(entry, following, head, member)                                   \
    for ((entry) = container_of((head)->next, __typeof__(*(entry)), member),                       \
        (following) = container_of((entry)->member.next, __typeof__(*(entry)), member);            \
         &(entry)->member != (head); (entry) = (following),                                        \
        (following) = container_of((entry)->member.next, __typeof__(*(entry)), member))

#endif
