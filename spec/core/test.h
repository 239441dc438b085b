/* test.h - All the C tests need: a check that says where it failed, and tests that
 * put themselves on the list.
 *
 *   TEST(queue_is_fifo)
 *   {
 *       CHECK(...);
 *   }
 *
 * Nothing else names a test, so a new file of tests touches no other file. A test is
 * called after its room, its file too: queue_test.c. Names are unique in the program.
 * Each test has MG_TEST_SECONDS, then the program ends naming it, with the stacks of
 * all its threads where gdb is there; main.c runs them.
 */
#ifndef MG_TEST_H
#define MG_TEST_H

#include <stdio.h>
#include <stdlib.h>

/* What a failure tells besides: a line with the seed, and how to repeat it. */
extern char mg_test_context[256];

/* Generous: the sanitizers make everything ten times slower. */
#define MG_TEST_SECONDS 60

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: %s: not true: %s\n%s", __FILE__, __LINE__, __func__, #cond,    \
                    mg_test_context);                                                              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define TEST(title)                                                                                \
    static void test_##title(void);                                                                \
    __attribute__((constructor)) static void list_##title(void)                                    \
    {                                                                                              \
        static mg_test_t entry = { .name = #title, .run = test_##title };                          \
        mg_test_list(&entry);                                                                      \
    }                                                                                              \
    static void test_##title(void)

typedef struct mg_test mg_test_t;

struct mg_test {
    const char *name;
    void (*run)(void);
    mg_test_t *next;
};

/* Puts a test at the end of the list, before main begins. */
void mg_test_list(mg_test_t *test);

#endif
