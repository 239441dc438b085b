/* Runs the tests whose names hold one of the arguments, or all without any. */
#include "test.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static mg_test_t *first;
static mg_test_t **last = &first;
static const char *volatile running;

void
mg_test_list(mg_test_t *test)
{
    *last = test;
    last = &test->next;
}

static bool
wanted(const mg_test_t *test, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strstr(test->name, argv[i])) return true;
    }
    return argc == 1;
}

static void
say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0) _exit(2);
}

static void
out_of_time(int signal)
{
    (void)signal;
    say(running);
    say(": ran out of time\n");
    abort();
}

int
main(int argc, char **argv)
{
    unsigned count = 0;

    signal(SIGALRM, out_of_time);
    for (const mg_test_t *test = first; test; test = test->next) {
        if (!wanted(test, argc, argv)) continue;
        running = test->name;
        alarm(MG_TEST_SECONDS);
        test->run();
        alarm(0);
        count++;
    }
    printf("%u C tests passed\n", count);
    return count > 0 ? 0 : 1;
}
