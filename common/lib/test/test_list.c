/* lib/list.h: order, removal at every place, and against an array as model. */
#include <lib/list.h>

#include <string.h>

#include "test.h"

struct item {
    int number;
    struct list link;
};

/* True if `head` holds exactly the numbers given, both ways round. */
static bool holds(struct list *head, const int *numbers, size_t count)
{
    struct item *item;
    size_t i = 0;

    list_for_each_entry(item, head, link)
        if (i >= count || item->number != numbers[i++])
            return false;
    if (i != count)
        return false;
    list_for_each_entry_reverse(item, head, link)
        if (item->number != numbers[--i])
            return false;
    return i == 0;
}

static void order(void)
{
    struct list head = LIST_INITIAL(head);
    struct item items[] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };

    check(list_empty(&head) && list_first(&head) == NULL && list_last(&head) == NULL, "empty");
    list_add(&head, &items[1].link);
    list_add(&head, &items[0].link);
    list_add_tail(&head, &items[2].link);
    check(holds(&head, (int[]){ 1, 2, 3 }, 3), "front, front, end");
    check(list_first_entry(&head, struct item, link) == &items[0], "first");
    check(list_last_entry(&head, struct item, link) == &items[2], "last");
    list_move_tail(&head, &items[0].link);
    check(holds(&head, (int[]){ 2, 3, 1 }, 3), "moved to the end");
    list_move(&head, &items[0].link);
    check(holds(&head, (int[]){ 1, 2, 3 }, 3), "moved to the front");
    check(list_take_first(&head) == &items[0].link && holds(&head, (int[]){ 2, 3 }, 2), "taken");
}

static void removal(void)
{
    for (int gone = 0; gone < 3; gone++) {
        struct list head = LIST_INITIAL(head);
        struct item items[3];
        int expected[2];
        size_t count = 0;

        for (int i = 0; i < 3; i++) {
            items[i].number = i;
            list_add_tail(&head, &items[i].link);
            if (i != gone)
                expected[count++] = i;
        }
        list_remove(&items[gone].link);
        check(holds(&head, expected, 2), "without %d", gone);
        check(list_empty(&items[gone].link), "%d is linked to itself", gone);
        list_remove(&items[gone].link);
        check(holds(&head, expected, 2), "%d removed twice", gone);
    }
}

static void safe_loop(void)
{
    struct list head = LIST_INITIAL(head);
    struct item items[10], *item, *following;

    for (int i = 0; i < 10; i++) {
        items[i].number = i;
        list_add_tail(&head, &items[i].link);
    }
    list_for_each_entry_safe(item, following, &head, link) {
        if (item->number % 2 == 0) {
            list_remove(&item->link);
            memset(item, 0xa5, sizeof(*item));
        }
    }
    check(holds(&head, (int[]){ 1, 3, 5, 7, 9 }, 5), "odd numbers remain");
}

static void splice(void)
{
    struct list a = LIST_INITIAL(a), b = LIST_INITIAL(b);
    struct item items[4];

    list_splice_tail(&a, &b);
    check(list_empty(&a) && list_empty(&b), "both empty");
    for (int i = 0; i < 4; i++) {
        items[i].number = i;
        list_add_tail(i < 2 ? &a : &b, &items[i].link);
    }
    list_splice_tail(&a, &b);
    check(holds(&a, (int[]){ 0, 1, 2, 3 }, 4) && list_empty(&b), "behind");
    list_splice_tail(&b, &a);
    check(holds(&b, (int[]){ 0, 1, 2, 3 }, 4) && list_empty(&a), "into an empty one");
}

const struct test list_tests[] = {
    { "order", order },   { "removal", removal }, { "safe loop", safe_loop },
    { "splice", splice }, { NULL, NULL },
};
